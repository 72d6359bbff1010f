"""Private calendar feeds: hours and reasons, no identity, closed at once."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from booking.appointments import change
from booking.appointments.values import By
from booking.models.appointment import Channel
from booking.pages.lost.afterwards import SECRET_SAID_S
from partners.domain import feeds
from partners.models import CalendarFeed
from practitioners.models import Absence
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.partner_appointments import booked

pytestmark = pytest.mark.django_db
SECRETS = ["Zénobie", "Quatrefages", "+33612345678", "z@example.org", "Toux"]


@pytest.fixture(autouse=True)
def _still(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def address(agenda, now):
    _feed, secret = feeds.open_feed(agenda=agenda, label="Mobile", actor=practice_actor(), now=now)
    return reverse("partners:feed", args=[secret])


def events(address):
    answer = Client().get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT"), answer


def test_a_feed_shows_appointments_and_absences_without_identities(agenda, address, now):
    appointment = booked(agenda, make_account(), now)
    Absence.objects.create(
        agenda=agenda, label="Déjeuner avec Mme Quatrefages",
        starts_at=datetime(2026, 12, 1, 12, tzinfo=UTC), until=datetime(2026, 12, 1, 13, tzinfo=UTC),
    )  # fmt: skip
    found, answer = events(address)
    first, second = found
    assert str(first["summary"]) == str(appointment.visit_reason)
    assert first["dtstart"].dt == appointment.starts_at
    assert first["dtend"].dt == appointment.ends_at
    assert str(first["uid"]) == f"{appointment.pk}@doctolib.example"
    assert str(second["summary"]) == "Absence"
    assert not [text for text in SECRETS if text in answer.content.decode()]
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_feed_reveals_nothing_and_shows_its_own_agenda_alone(agenda, address, now):
    sibling = make_agenda(practice=agenda.practice)
    make_opening(sibling, make_reason(sibling))
    booked(sibling, make_account(), now)
    before = Entry.objects.filter(action="reveal").count()
    assert events(address)[0] == []
    assert Entry.objects.filter(action="reveal").count() == before


def test_a_cancelled_appointment_leaves_the_feed(agenda, address, now):
    appointment = booked(agenda, make_account(), now)
    change.cancel(
        appointment=appointment, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    assert events(address)[0] == []


def test_only_what_is_near_is_shown(agenda, address, now):
    for days in (-31, 181):
        Absence.objects.create(
            agenda=agenda, starts_at=now + timedelta(days=days), until=now + timedelta(days=days, hours=1)
        )  # fmt: skip
    assert events(address)[0] == []


@pytest.mark.parametrize("secret", ["x", "01a00000-0000-7000-8000-000000000001", "%00", "é" * 40])
def test_an_address_that_nobody_made_is_not_found(agenda, address, secret):
    assert Client().get(f"/flux/{secret}.ics").status_code == 404
    assert Client().post(address).status_code == 405


def test_the_address_is_not_kept(agenda, address):
    secret = address.removeprefix("/flux/").removesuffix(".ics")
    assert secret.encode() not in bytes(CalendarFeed.objects.get().digest)


def test_a_member_opens_a_feed_and_closes_it(agenda):
    member = verified_client(make_member(agenda.practice, role="practitioner").account)
    page = reverse("partners:feeds", args=[agenda.practice_id])
    # A browser that goes back must find the page, not a form to send again.
    answer = member.post(page, {"agenda": str(agenda.pk), "label": "Mobile"}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    address = answer.context["address"]
    assert address in answer.content.decode()
    assert address in member.get(page).content.decode()
    path = address.removeprefix("http://localhost:8000")
    assert Client().get(path).status_code == 200
    colleague = verified_client(make_member(agenda.practice, role="owner").account)
    assert address not in colleague.get(page).content.decode()
    feed = CalendarFeed.objects.get()
    close = reverse("partners:close-feed", args=[agenda.practice_id, feed.pk])
    for _twice in range(2):
        answer = member.post(close, follow=True).content.decode()
        assert "fermé" in answer
        assert address not in answer
    assert Client().get(path).status_code == 404
    noted = Entry.objects.filter(object_id=feed.pk).order_by("at", "id")
    assert [entry.action for entry in noted] == ["feed-opened", "feed-closed"]


def test_an_address_is_shown_for_some_minutes(agenda):
    member = verified_client(make_member(agenda.practice, role="practitioner").account)
    page = reverse("partners:feeds", args=[agenda.practice_id])
    answer = member.post(page, {"agenda": str(agenda.pk), "label": "Mobile"}, follow=True)
    assert answer.context["address"]
    with time_machine.travel(timezone.now() + timedelta(seconds=SECRET_SAID_S + 1)):
        assert not member.get(page).context["address"]


@pytest.mark.parametrize("given", [{"label": ""}, {"agenda": ""}, {"agenda": "x"}])
def test_a_form_that_cannot_be_used_opens_nothing(agenda, given):
    member = verified_client(make_member(agenda.practice, role="owner").account)
    page = reverse("partners:feeds", args=[agenda.practice_id])
    full = {"agenda": str(agenda.pk), "label": "Mobile"}
    answer = member.post(page, full | given)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not CalendarFeed.objects.exists()


def test_anothers_agenda_cannot_be_opened(agenda):
    other = make_agenda()
    member = verified_client(make_member(agenda.practice, role="owner").account)
    page = reverse("partners:feeds", args=[agenda.practice_id])
    member.post(page, {"agenda": str(other.pk), "label": "Mobile"})
    assert not CalendarFeed.objects.exists()
