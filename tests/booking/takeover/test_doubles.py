"""Patients of a file who probably have a file already."""

import re

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Patient
from booking.takeover import patient_import
from tests.factories import make_patient
from tests.support.patient_import import HEADER, begin, desk, practice, rejects_of, take  # noqa: F401

pytestmark = pytest.mark.django_db


BORN = "31/12/1980"


DOUBLES = {
    "a similar name": f"Lefebvre;Zoe;{BORN};",
    "the same telephone": f"Dubois;Aline;{BORN};06 12 34 56 78",
    "name and first name in each other's place": f"Zoé;Lefèvre;{BORN};",
}


NONE = {
    "another day": "Lefebvre;Zoé;30/12/1980;",
    "another name": f"Dubois;Aline;{BORN};06 12 34 56 79",
    "another day, the same telephone": "Dubois;Aline;30/12/1980;06 12 34 56 78",
}


@pytest.mark.parametrize("line", DOUBLES.values(), ids=DOUBLES.keys())
def test_who_probably_has_a_file_is_shown_first_and_given_back(practice, desk, now, line):
    make_patient(practice=practice)
    row = begin(practice, now, HEADER + line + "\nRey;Ada;01/02/1990;\n")
    page = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk]))
    (double,) = page.context["doubles"]
    assert double.line.number == 2
    assert "ont probablement déjà une fiche" in page.content.decode()
    assert "Zoé Lefèvre" in page.content.decode()
    assert Patient.unscoped.count() == 1
    take(row, now)
    assert (row.created, row.known, row.rejected) == (1, 0, 1)
    assert "a probablement déjà une fiche" in rejects_of(row)[1][1]
    assert Patient.unscoped.count() == 2


@pytest.mark.parametrize("line", NONE.values(), ids=NONE.keys())
def test_who_shares_too_little_gets_a_file(practice, desk, now, line):
    make_patient(practice=practice)
    row = begin(practice, now, HEADER + line + "\n")
    page = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk]))
    assert page.context["doubles"] == []
    assert take(row, now).created == 1


def test_a_file_is_created_all_the_same_where_that_is_meant(practice, desk, now):
    """Twins: one birth date, and their parents' telephone."""
    make_patient(practice=practice)
    line = f"Lefèvre;Ada;{BORN};06 12 34 56 78\n"
    row = begin(practice, now, HEADER + line)
    change = reverse("booking:change-import", args=[practice.pk, row.pk, "prendre"])
    desk.post(change, {"takes_doubles": "on"})
    patient_import.run(row.pk, now=now)
    row.refresh_from_db()
    assert (row.created, row.rejected) == (1, 0)


def test_any_number_of_doubles_is_compared_page_by_page(practice, desk, now, monkeypatch):
    monkeypatch.setattr(patient_import, "COMPARED_AT_ONCE", 3)
    make_patient(practice=practice)
    others = "".join(f"Rey;Ada{n};01/02/1990;\n" for n in range(4))
    same = "".join(f"Lefebvre;Zo{'eé'[n % 2]}{'s' * n};{BORN};\n" for n in range(7))
    row = begin(practice, now, HEADER + others + same)
    address = reverse("booking:patient-import", args=[practice.pk, row.pk])
    seen, here = [], address
    for _page in range(3):
        page = desk.get(here)
        seen += [double.line.number for double in page.context["doubles"]]
        found = re.search(r'href="(\?compare=\d+)">Comparer les suivantes', page.content.decode())
        here = address + found[1] if found else ""
    assert not here and seen == list(range(6, 13))
    assert "Sur 7 lignes" in page.content.decode() and "de 7 à 7" in page.content.decode()
    for nonsense in ("x", "-1", "9" * 30, "7"):
        page = desk.get(address, {"compare": nonsense})
        assert [double.line.number for double in page.context["doubles"]] == [6, 7, 8]


def test_two_lines_of_one_file_are_compared_too(practice, now):
    text = HEADER + f"Lefèvre;Zoé;{BORN};\nLefebvre;Zoé;{BORN};\nLefèvre;Zoé;{BORN};\n"
    row = take(begin(practice, now, text), now)
    assert (row.created, row.known, row.rejected) == (1, 1, 1)


def test_nobody_is_opened_who_shares_nothing(practice, desk, now):
    make_patient(practice=practice)
    row = begin(practice, now, HEADER + "Rey;Ada;01/02/1990;06 12 34 56 70\n")
    desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk]))
    reads = Entry.objects.filter(action="reveal", channel="dashboard")
    assert all(entry.subjects == [row.pk] for entry in reads)
