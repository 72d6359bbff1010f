"""A table of patients on its way into a practice."""

import csv
import io

import pytest

from audit.vault.reveal import Purpose, reveal
from booking.takeover import patient_import
from tests.factories import (
    make_account,
    make_member,
    make_practice,
    practice_actor,
    verified_client,
)

FILE = """Nom;Prénom;Date de naissance;Civilité;Tél. portable;Courriel
LEFÈVRE;Zoé;31/12/1980;Mme;06 12 34 56 78;zoe@exemple.fr
Quatrefages;Zénobie;1975-03-02;F;;
"De la ""Tour""; comte";Anatole;02.03.1944;M.;0612345679;
;Sansnom;01/01/1990;;;
Martin;Léa;31/02/1990;;;
Martin;Léo;;;0612;
Martin;Luc;;;;
Martin;Lou;;;;pas une adresse
"""


@pytest.fixture
def practice():
    return make_practice()


@pytest.fixture
def desk(practice):
    return verified_client(make_member(practice, role="owner").account)


def begin(practice, now, text=FILE):
    return patient_import.begin(
        practice=practice, account=make_account(), name="patients.csv", content=text.encode(),
        actor=practice_actor(practice), now=now,
    )  # fmt: skip


def take(row, now):
    patient_import.start(row=row, actor=practice_actor(row.practice), now=now)
    patient_import.run(row.pk, now=now)
    row.refresh_from_db()
    return row


def rejects_of(row):
    with reveal([(row, ("rejects",))], actor=practice_actor(), purpose=Purpose.BOOKING) as plain:
        return list(csv.reader(io.StringIO(plain.text(row, "rejects"), newline=""), delimiter=";"))


HEADER = "nom;prénom;naissance;téléphone\n"
