"""On the dashboard, a time that a patient merely holds is no time that is taken."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from booking.appointments import change, former_time
from booking.appointments.values import By
from booking.models.appointment import Channel
from practitioners.domain.scheduling.reservations import take
from practitioners.models import Taken
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
MONDAY = date(2026, 11, 30)
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
TAKEN = {"fr": "Ce créneau est déjà pris", "en": "This slot has already been booked"}
OTHER = {"fr": "un autre rendez-vous prend", "en": "another appointment is booked from"}
HELD = {"fr": "gardé pour quelqu’un", "en": "held but not booked yet"}
FREE_AT = {"fr": "se libère à", "en": "becomes free at"}


@pytest.fixture
def reason():
    row = make_reason(make_agenda())
    make_opening(row.agenda, row)
    return row


@pytest.fixture
def client(reason):
    return verified_client(make_member(reason.agenda.practice, role="owner").account)


@pytest.fixture
def patient(reason):
    return make_patient(practice=reason.agenda.practice)


def held(reason, now, at=NINE, key="somebody"):
    take.hold(visit_reason=reason, starts_at=at, key=key, now=now)
    return Taken.objects.get(hold_key=key).hold_until


def new_visit(client, reason, patient):
    address = reverse("booking:new-visit", args=[reason.agenda.practice_id])
    data = {"motif": reason.pk, "jour": "2026-11-30", "heure": "09:00", "patient": patient.pk}
    return client.post(address, data)


def moved(client, reason, row):
    address = reverse("booking:move-visit", args=[reason.agenda.practice_id, row.pk])
    return client.post(address, {"debut": NINE.isoformat()})


def dragged(client, row, agenda):
    address = reverse("booking:drag-visit", args=[row.practice_id, row.pk])
    return client.post(address, {"agenda": agenda.pk, "jour": "2026-11-30", "minute": 9 * 60})


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_form_of_a_visit_says_until_when_a_time_is_held(client, reason, patient, now, language):
    until = held(reason, now)
    client.cookies["django_language"] = language
    asked = {"agenda": reason.agenda.pk, "motif": reason.pk, "debut": NINE.isoformat()}
    page = client.get(reverse("booking:new-visit", args=[reason.agenda.practice_id]), asked)
    clock = f"{until.astimezone(reason.agenda.practice.zone):%H:%M}"
    for answer in (page, new_visit(client, reason, patient)):
        text = answer.content.decode()
        assert HELD[language] in text and f"{FREE_AT[language]} {clock}" in text
        assert TAKEN[language] not in text and OTHER[language] not in text
    booked_now = booked(reason, now, patient=patient, starts_at=NINE + 2 * HALF)
    refused = moved(client, reason, booked_now)
    assert refused.status_code == 409 and HELD[language] in refused.content.decode()
    problem = dragged(client, booked_now, reason.agenda).json()["problem"]
    assert HELD[language] in problem and clock in problem


def test_a_time_that_a_visit_takes_is_taken(client, reason, patient, now):
    """Also beside a hold: it does not come free when that ends."""
    booked(reason, now, starts_at=NINE + timedelta(minutes=15), channel="practice", anywhere=True)
    text = new_visit(client, reason, patient).content.decode()
    assert TAKEN["fr"] in text and OTHER["fr"] in text and HELD["fr"] not in text


def test_a_visit_in_another_agenda_is_put_on_a_held_time(client, reason, patient, now):
    other = make_reason(make_agenda(practice=reason.agenda.practice), name=reason.name)
    make_opening(other.agenda, other)
    row = booked(reason, now, patient=patient, starts_at=NINE)
    held(other, now)
    assert HELD["fr"] in dragged(client, row, other.agenda).json()["problem"]


def test_the_time_of_a_visit_that_was_just_cancelled_comes_free_soon(client, reason, patient, now):
    row = booked(reason, now, starts_at=NINE)
    change.cancel(
        appointment=row,
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
        undo_within=former_time.UNDO,
    )
    assert HELD["fr"] in new_visit(client, reason, patient).content.decode()


def test_the_last_place_of_a_session_is_held(client, reason, patient, now):
    session = make_reason(reason.agenda, name="Vaccin", duration_minutes=10)
    make_opening(
        reason.agenda, session, starts_on=MONDAY + timedelta(days=1), every_weeks=0,
        from_time=time(9), until_time=time(10), slot_minutes=10, capacity=1,
    )  # fmt: skip
    at = NINE + timedelta(days=1)
    held(session, now, at)
    asked = {"agenda": reason.agenda.pk, "motif": session.pk, "debut": at.isoformat()}
    address = reverse("booking:new-visit", args=[reason.agenda.practice_id])
    assert "la dernière place est gardée" in client.get(address, asked).content.decode()
