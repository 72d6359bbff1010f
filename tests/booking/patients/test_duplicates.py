"""Probable duplicates: which names are alike, who is asked about, and what is opened for it."""

from datetime import date

import pytest
from django_scopes import scope

from audit.models import Entry
from booking.patients.duplicates import are_similar, mark_of, probable_duplicates
from booking.patients.patients import Identity
from tests.factories import make_patient, make_practice, practice_actor

BORN = date(1980, 12, 31)
PHONE = "+33612345678"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoé Lefèvre", "zoe LEFEVRE"),
        ("Zoé Lefèvre", "Zoé Lefebvre"),
        ("Zoé Lefèvre", "Lefèvre Zoé"),
        ("Zoé Lefèvre", "Zoe Lefevre-Martin"),
        ("Jean-Pierre Dupond", "Jean Dupont"),
        ("J. Dupont", "Jean Dupont"),
        ("Alex Moreau", "Alexandre Moreau"),
        ("Philippe Renaud", "Filippe Renault"),
        ("Mathieu Haddad", "Matthieu Hadad"),
        ("Kathia Ben-Amar", "Katia Benamar"),
        ("Élise Moreau", "Élsie Moreau"),
        ("Nadia Benali", "Nadia Rousseau"),
    ],
)
def test_names_of_one_person_are_similar(one, other):
    first, second = one.split(" ", 1), other.split(" ", 1)
    assert are_similar(tuple(first), tuple(second))
    assert are_similar(tuple(second), tuple(first))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoé Lefèvre", "Ada Clavier"),
        ("Zoé Lefèvre", "Antoine Lefèvre"),
        ("Camille Petit", "Pierre Grand"),
        ("Li Wu", "Lu Wo"),
        ("Marc Roy", "Luc Roux"),
    ],
)
def test_other_names_are_not(one, other):
    first, second = one.split(" ", 1), other.split(" ", 1)
    assert not are_similar(tuple(first), tuple(second))


@pytest.fixture
def practice(db):
    return make_practice()


def found(practice, **given):
    values = {"first_name": "Zoé", "last_name": "Lefèvre", "birth_date": BORN, "phone": PHONE}
    with scope(practice=practice):
        rows = probable_duplicates(
            identity=Identity(**{**values, **given}), actor=practice_actor(practice)
        )
    return [each.patient for each in rows]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"phone": ""},
        {"first_name": "Zoe", "last_name": "Lefebvre", "phone": "+33639980001"},
        {"first_name": "Noé", "last_name": "Autre"},
        {"birth_date": None, "first_name": "Zoë"},
        {"birth_date": None, "phone": ""},
        {"birth_date": None, "phone": "", "first_name": "lefèvre", "last_name": "ZOÉ"},
    ],
)
def test_who_is_probably_there_already_is_found(practice, given):
    patient = make_patient(practice=practice)
    make_patient(practice=practice, first_name="Ada", last_name="Clavier", phone="+33639980002")
    assert found(practice, **given) == [patient]


@pytest.mark.parametrize(
    "given",
    [
        {"first_name": "Ada", "last_name": "Clavier", "phone": ""},
        {"birth_date": date(1981, 12, 31)},
        {"birth_date": None, "first_name": "Ada", "last_name": "Clavier"},
        {"birth_date": None, "phone": "", "last_name": "Lefebvre"},
    ],
)
def test_who_is_somebody_else_is_not(practice, given):
    make_patient(practice=practice)
    assert found(practice, **given) == []


def test_another_practices_patients_are_nobodys_business(practice):
    make_patient(practice=make_practice())
    assert found(practice) == []
    assert not Entry.objects.filter(action="reveal").exists()


def test_no_more_is_opened_than_the_question_needs(practice):
    """Names of those who share something; more only of who is shown, and a number only if asked."""
    same = make_patient(practice=practice)
    other = make_patient(practice=practice, first_name="Ada", last_name="Clavier", phone="")
    make_patient(practice=practice, first_name="Luc", last_name="Morin", birth_date=date(1999, 1, 1),
                 phone="+33639980003")  # fmt: skip
    assert found(practice, phone="") == [same]
    names, more = Entry.objects.filter(action="reveal").order_by("at", "id")
    assert set(names.subjects) == {same.pk, other.pk}
    assert set(names.fields) == {"booking_patient.first_name", "booking_patient.last_name"}
    assert (more.subjects, more.fields) == ([same.pk], ["booking_patient.birth_date"])
    assert {names.purpose, more.purpose} == {"booking"}
    assert names.details["duplicates"] is True


def test_a_birth_date_that_many_share_opens_a_few(practice):
    """Unknown birth dates are often written as the first of January."""
    for number in range(14):
        make_patient(practice=practice, first_name=f"Prénom{number}", last_name=f"Nom{number}")
    last = make_patient(practice=practice)
    assert last in found(practice, phone="")
    assert len(Entry.objects.filter(action="reveal").earliest("at").subjects) == 12


def test_an_answer_holds_for_what_was_asked():
    one = Identity(first_name="Zoé", last_name="Lefèvre", birth_date=BORN, phone=PHONE)
    again = Identity(first_name="zoe ", last_name="LEFEVRE", birth_date=BORN, phone=PHONE)
    other = Identity(first_name="Zoé", last_name="Lefebvre", birth_date=BORN, phone=PHONE)
    assert mark_of(one) == mark_of(again) != mark_of(other)


def test_two_people_of_one_name_each_are_compared_by_it():
    assert are_similar(("", "Suharto"), ("", "Suhartho"))
    assert not are_similar(("", "Suharto"), ("", "Yudhoyono"))
    assert not are_similar(("", "Suharto"), ("Ada", "Suharto"))
