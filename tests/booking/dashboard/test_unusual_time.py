"""A time that is over, or outside the openings, is asked about before anything is kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from booking.appointments import change
from booking.appointments.values import By
from booking.models import Appointment, Message
from booking.models.appointment import Channel
from practitioners.models import Absence
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
PAST = {"jour": "2026-11-03", "heure": "15:00"}
SUNDAY = {"jour": "2026-11-29", "heure": "03:00"}
ABSENT = {"jour": "2026-12-01", "heure": "10:00"}
UNUSUAL = [
    (PAST, "cette heure est passée"),
    (SUNDAY, "hors des plages"),
    (ABSENT, "le praticien est absent"),
]


@pytest.fixture
def reason():
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    begins = datetime(2026, 12, 1, 7, tzinfo=UTC)
    Absence.objects.create(
        agenda=reason.agenda, starts_at=begins, until=begins + timedelta(hours=9), label=""
    )
    return reason


@pytest.fixture
def client(reason):
    return verified_client(make_member(reason.agenda.practice).account)


def mark_in(answer):
    text = answer.content.decode()
    assert 'name="heure-voulue"' in text
    return text.split('name="heure-voulue" value="')[1].split('"')[0]


@pytest.mark.parametrize(("place", "words"), UNUSUAL)
def test_the_new_visit_form_asks_and_keeps_what_was_typed(reason, client, place, words):
    page = reverse("booking:new-visit", args=[reason.agenda.practice_id])
    data = {
        "motif": reason.pk, "patient": "new", "first_name": "Élise", "last_name": "Moreau",
        "birth_date": "1990-05-04", "email": "elise@exemple.fr", "phone": "06 39 98 00 01",
        "sex": "F", **place,
    }  # fmt: skip
    asked = client.post(page, data)
    assert asked.status_code == 409
    assert words in asked.content.decode() and 'value="elise@exemple.fr"' in asked.content.decode()
    assert not Appointment.unscoped.exists()
    mark = mark_in(asked)
    # What was meant of one time is not meant of another.
    assert client.post(page, data | {"heure": "02:30", "heure-voulue": mark}).status_code == 409
    assert client.post(page, data | {"heure-voulue": mark}).status_code == 302
    assert Message.objects.exists() == (place != PAST)


@pytest.mark.parametrize(("place", "words"), UNUSUAL)
def test_the_move_page_asks(reason, client, now, place, words):
    visit = booked(reason, now, patient=make_patient(make_account()))
    page = reverse("booking:move-visit", args=[visit.practice_id, visit.pk])
    Message.objects.all().delete()
    asked = client.post(page, {"motif": reason.pk, **place})
    assert asked.status_code == 409 and words in asked.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == NINE
    data = {"motif": reason.pk, **place, "heure-voulue": mark_in(asked)}
    assert client.post(page, data).status_code == 302
    visit.refresh_from_db()
    assert visit.starts_at != NINE
    assert Message.objects.exists() == (place != PAST)


@pytest.mark.parametrize(("place", "words"), UNUSUAL)
def test_a_drag_asks_and_is_taken_back_without_asking(reason, client, now, place, words):
    visit = booked(reason, now)
    page = reverse("booking:drag-visit", args=[visit.practice_id, visit.pk])
    hour, minute = place["heure"].split(":")
    where = {
        "agenda": reason.agenda_id, "jour": place["jour"], "minute": int(hour) * 60 + int(minute),
    }  # fmt: skip
    asked = client.post(page, where)
    assert asked.status_code == 409 and asked.json()["asks"] and words in asked.json()["problem"]
    # The hour and the practitioner, as a slip of the hand is told by them.
    assert f"{place['heure']}, {reason.agenda.practitioner}. " in asked.json()["problem"]
    done = client.post(page, where | {"voulu": "1"})
    assert done.status_code == 200
    assert client.post(page, done.json()["former"] | {"retour": "1"}).status_code == 200


def test_an_ordinary_time_is_not_asked_about(reason, client, now):
    visit = booked(reason, now)
    page = reverse("booking:move-visit", args=[visit.practice_id, visit.pk])
    assert client.post(page, {"debut": (NINE + timedelta(hours=1)).isoformat()}).status_code == 302


def test_nothing_is_sent_of_a_visit_that_has_begun(reason, now):
    visit = booked(reason, now, patient=make_patient(make_account()))
    Message.objects.all().delete()
    begun = visit.starts_at + timedelta(minutes=1)
    change.cancel(
        appointment=visit, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=begun
    )
    assert not Message.objects.exists()
