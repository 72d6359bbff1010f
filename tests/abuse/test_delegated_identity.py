"""A member with agendas of their own reads no birth date or number of somebody else's patients."""

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.appointments.book import book
from booking.appointments.values import By, Conditions
from booking.models.appointment import Channel
from practitioners.models import Agenda
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
    verified_client,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
BORN, PHONE = "31/12/1980", "06 12 34 56 78"


@pytest.fixture
def practice():
    return make_practice()


@pytest.fixture
def patient(practice):
    return make_patient(practice=practice, last_name="Quatrefages")


@pytest.fixture
def client(practice):
    """A secretary of one practitioner out of two."""
    member = make_member(practice)
    member.agendas.add(make_agenda(practice=practice))
    member.client = verified_client(member.account)
    return member.client


def visits(patient, agenda, now):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return book(
        visit_reason=reason,
        starts_at=now,
        patient=patient,
        by=By(actor=practice_actor(agenda.practice), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=now,
    )


def find(client, practice, text):
    answer = client.post(reverse("booking:find-patients", args=[practice.pk]), {"q": text})
    rows = [
        (row["name"], bool(row["birth_date"]), bool(row["phone"]))
        for row in answer.context["found"]
    ]
    return rows, answer.content.decode(), Entry.objects.filter(action="reveal").latest("at").fields


@pytest.mark.parametrize(
    ("text", "born", "phone"),
    [("Quatrefages", False, False), ("Quatrefages 1980", False, False),
     (f"Quatrefages {BORN}", True, False), (PHONE, False, True)],
)  # fmt: skip
def test_of_others_the_name_and_what_was_typed(client, practice, patient, now, text, born, phone):
    visits(patient, make_agenda(practice=practice), now)
    ((name, has_born, has_phone),), page, fields = find(client, practice, text)
    assert "Quatrefages" in name and (has_born, has_phone) == (born, phone)
    assert "d’un autre agenda" in page
    assert ("12/1980" in page.split("<table>")[1]) == born
    assert ("booking_patient.phone" in fields) == phone, "what is not shown is not opened"


def test_of_ones_own_and_of_nobodys_yet_all_that_tells_namesakes_apart(
    client, practice, patient, now
):
    (row,), page, _fields = find(client, practice, "Quatrefages")
    assert row[1:] == (True, True) and "d’un autre agenda" not in page
    visits(patient, Agenda.objects.filter(practice=practice).first(), now)
    (row,), _page, _fields = find(client, practice, "Quatrefages")
    assert row[1:] == (True, True)


def test_a_member_of_the_whole_practice_reads_all(practice, patient, now):
    visits(patient, make_agenda(practice=practice), now)
    whole = verified_client(make_member(practice).account)
    (row,), page, _fields = find(whole, practice, "Quatrefages")
    assert row[1:] == (True, True) and "d’un autre agenda" not in page
