"""What a practice types to find a patient: names, days, numbers and addresses, in any writing."""

from datetime import date

import pytest
from django.urls import reverse

from booking.patients.sought import read_sought
from tests.factories import make_agenda, make_member, make_patient, verified_client

DAYS = [
    "19 octobre 1993", "19.10.93", "19/10/1993", "1993-10-19", "19/10/93", "19-10-1993", "19 10 1993",
    "19 10 93", "19101993", "191093", "19931019", "19 oct. 93", "19 oct 1993", "19 OCTOBRE 1993",
    "né le 19/10/1993", "née le 19 octobre 1993", "Né(e) le : 19.10.1993", "le 19/10/93", "10/19/1993",
    "October 19, 1993", "19th October 1993", "19 of October 1993", "19 / 10 / 1993", "1993/10/19",
    "19\u00a0octobre\u00a01993", "date de naissance : 19/10/1993", "19octobre1993", "  19/10/93  ",
]  # fmt: skip
NUMBERS = [
    "06 12 34 56 78", "0612345678", "06.12.34.56.78", "06-12-34-56-78", "06/12/34/56/78",
    "+33612345678", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "+33 06 12 34 56 78",
    "0033612345678", "00 33 6 12 34 56 78", "33612345678", "612345678", "6 12 34 56 78",
    "(06) 12 34 56 78", "tél. 06 12 34 56 78", "06\u00a012\u202f34 56 78", "06–12–34–56–78",
]  # fmt: skip
NAMES = ["Durand", "durand", "DURAND", "Zoé Durand", "Durand Zoé", "durand zoe", "Mme Durand",
         "Madame Zoé Durand", "Zoé"]  # fmt: skip
TOGETHER = [
    "Durand 19/10/93", "19/10/93 Durand", "Durand Zoé 19 octobre 1993", "Mme Durand, née le 19.10.93",
    "Durand 06 12 34 56 78", "06 12 34 56 78 Durand", "Durand 1993", "Durand zoe@exemple.fr",
    "Durand 06 12 34 56 78 19/10/93", "19/10/1993 0612345678", "06.12.34.56.78 19.10.1993",
    "06 12 34 56 78 né le 19 10 1993", "Zoé Durand (19/10/1993)", "Durand, Zoé, 19/10/1993",
]  # fmt: skip
# Each part has to fit.
OTHERS = [
    "Durant", "Dupont 19/10/93", "Durand 19/10/94", "18 octobre 1993", "19 octobre 1992",
    "Durand 06 12 34 56 79", "06 12 34 56 79", "06 12 34", "Durand 1994", "Zoé Dupont",
    "29/02/2023", "Durand 31/02/1993", "autre@exemple.fr", "19/10", "octobre 1993", "???", "é" * 5000,
    "1" * 5000, "19/10/93 18/10/93 x" * 3,
]  # fmt: skip


@pytest.fixture
def found(db):
    """Look a text up on the page, beside people who share a part of it."""
    practice = make_agenda().practice
    born, phone = date(1993, 10, 19), "+33612345678"
    zoe = {"first_name": "Zoé", "last_name": "Durand", "birth_date": born, "phone": phone}
    sought = make_patient(practice=practice, email="zoe@exemple.fr", **zoe)
    desk = verified_client(make_member(practice).account)
    page = reverse("booking:find-patients", args=[practice.pk])

    def look(text):
        rows = desk.post(page, {"q": text}).context["found"]
        return {row["patient"].pk for row in rows} == {sought.pk}

    return look


@pytest.mark.parametrize("text", [*DAYS, *NUMBERS, *NAMES, *TOGETHER, "zoe@exemple.fr"])
def test_a_patient_is_found_by_what_people_write(found, text):
    assert found(text)


@pytest.mark.parametrize("text", OTHERS)
def test_nobody_is_found_by_something_else(found, text):
    assert not found(text)


def test_two_digits_of_a_year_are_of_either_century():
    assert read_sought("9 juin 05").days == (date(1905, 6, 9), date(2005, 6, 9))


def test_a_number_in_pairs_is_no_day():
    assert read_sought("01 02 03 04 05").days == ()
    assert read_sought("01.02.03.04.05").phones == ("+33102030405",)


def test_a_number_of_another_country_or_overseas_is_one():
    assert read_sought("0692 12 34 56").phones == ("+262692123456",)
    assert read_sought("0044 20 7946 0958").phones == ("+442079460958",)


def test_namesakes_are_told_apart_by_their_birth_date(db):
    practice = make_agenda().practice
    twins = [
        make_patient(practice=practice, birth_date=date(1993, 10, 19), phone="", first_name=name)
        for name in ("Ada", "Eva")
    ]
    make_patient(practice=practice, birth_date=date(1960, 1, 2), first_name="Ada")
    desk = verified_client(make_member(practice).account)
    page = reverse("booking:find-patients", args=[practice.pk])

    def look(text):
        return {row["patient"].pk for row in desk.post(page, {"q": text}).context["found"]}

    assert look("Lefèvre 19/10/93") == {twin.pk for twin in twins}
    assert look("Lefèvre Eva 19/10/93") == {twins[1].pk}
