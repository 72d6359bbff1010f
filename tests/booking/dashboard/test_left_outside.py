"""Booked visits that a change of the hours leaves outside of them: said before it is kept."""

import html
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.hours import week_templates
from practitioners.domain.scheduling.wall_clock import occurs_on
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
from tests.support.forms_on_page import form_with, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
MONDAY, THURSDAY = date(2026, 11, 30), date(2026, 12, 24)
AT = datetime(2026, 12, 24, 8, 0, tzinfo=UTC)  # 9:00 in Paris
FAR = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)
WAYS = ["copy-week", "week-template"]


@pytest.fixture
def reason():
    """Mondays, in the week that is copied; Thursdays in each."""
    row = make_reason(make_agenda())
    make_opening(row.agenda, row, starts_on=MONDAY, every_weeks=0)
    make_opening(row.agenda, row, starts_on=date(2026, 12, 17))
    return row


@pytest.fixture
def client(reason):
    return verified_client(make_member(reason.agenda.practice, role="owner").account)


def patient_of(reason, **values):
    return make_patient(practice=reason.agenda.practice, **values)


def page_of(reason, way):
    """The page that opens weeks, and what its form says for two weeks from 21 December on."""
    agenda = reason.agenda
    data = {"target": "2026-12-21", "weeks": "2", "replaces": "on"}
    if way == "copy-week":
        address = reverse("booking:copy-week", args=[agenda.practice_id, agenda.pk])
        return address, data | {"source": MONDAY.isoformat()}
    template = week_templates.save_template(
        agenda=agenda, name="Habituelle", day=MONDAY, actor=practice_actor()
    )
    address = reverse("booking:week-template", args=[agenda.practice_id, agenda.pk, template.pk])
    return address, data


def is_open(reason, day):
    return any(occurs_on(row, day) for row in reason.agenda.openings.all())


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("way", WAYS)
def test_replacing_weeks_lists_the_visits_that_it_leaves_outside(
    reason, client, now, way, language
):
    for at, name in ((AT, "Zoé"), (FAR, "Noé")):
        booked(reason, now, patient=patient_of(reason, first_name=name), starts_at=at)
    address, data = page_of(reason, way)
    before = Entry.objects.filter(action__startswith="opening").count()
    client.cookies["django_language"] = language
    asked = client.post(address, data)
    assert asked.status_code == 200
    text = html.unescape(asked.content.decode())
    said = {
        "fr": "2 rendez-vous déjà pris se trouveraient hors",
        "en": "2 booked visits would be outside",
    }
    assert said[language] in text
    assert "Zoé" in text and "Noé" in text and "09:00" in text
    for row in Appointment.unscoped.all():
        assert reverse("booking:visit", args=[reason.agenda.practice_id, row.pk]) in text
    # Nothing is changed, and nothing is on the record.
    assert is_open(reason, THURSDAY)
    assert Entry.objects.filter(action__startswith="opening").count() == before
    answer = send(client, form_with(asked, "target"), address)
    assert answer.status_code == 302
    assert not is_open(reason, THURSDAY)
    told = html.unescape(client.get(answer["Location"]).content.decode())
    after = {"fr": "2 rendez-vous déjà pris sont maintenant hors", "en": "2 booked visits are now"}
    assert after[language] in told
    assert Appointment.unscoped.filter(status=Status.BOOKED).count() == 2


@pytest.mark.parametrize("way", WAYS)
def test_weeks_that_leave_nobody_outside_are_opened_at_once(reason, client, now, way):
    """Not of those that are kept, cancelled, over, elsewhere, or were outside already."""
    kept = booked(
        reason, now, patient=patient_of(reason), starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC)
    )
    off = booked(reason, now, patient=patient_of(reason), starts_at=AT)
    cancel(appointment=off, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    other = make_reason(make_agenda(practice=reason.agenda.practice))
    make_opening(other.agenda, other, starts_on=date(2026, 12, 17))
    booked(other, now, patient=patient_of(reason), starts_at=AT)
    booked(
        reason, now, patient=patient_of(reason), starts_at=AT - timedelta(days=1),
        channel="practice", anywhere=True,
    )  # fmt: skip
    address, data = page_of(reason, way)
    answer = client.post(address, data)
    assert answer.status_code == 302
    assert "hors des horaires" not in client.get(answer["Location"]).content.decode()
    assert not is_open(reason, THURSDAY)
    kept.refresh_from_db()
    assert kept.status == Status.BOOKED


def test_a_week_that_is_added_to_leaves_nobody_outside(reason, client, now):
    booked(reason, now, patient=patient_of(reason), starts_at=AT)
    address, data = page_of(reason, "copy-week")
    del data["replaces"]
    assert client.post(address, data).status_code == 302
    assert is_open(reason, THURSDAY)


@pytest.mark.parametrize("change", ["shorter", "another reason"])
def test_a_visit_half_outside_or_of_another_reason_is_outside(reason, client, now, change):
    """The day stays open; not at that hour, or not for that reason."""
    booked(reason, now, patient=patient_of(reason), starts_at=AT)
    serves = reason if change == "shorter" else make_reason(reason.agenda, name="Contrôle")
    starts_on = MONDAY + timedelta(days=3)
    make_opening(
        reason.agenda, serves, starts_on=starts_on, every_weeks=0,
        from_time=time(9, 15) if change == "shorter" else time(8), until_time=time(12),
    )  # fmt: skip
    address, data = page_of(reason, "copy-week")
    asked = client.post(address, data)
    assert asked.status_code == 200
    assert "1 rendez-vous déjà pris se trouverait hors" in asked.content.decode()


def test_what_was_confirmed_is_asked_again_where_it_has_become_more(reason, client, now):
    """Another week is chosen, or somebody has booked since the page said who is left outside."""
    booked(reason, now, patient=patient_of(reason), starts_at=AT)
    address, data = page_of(reason, "copy-week")
    asked = client.post(address, {**data, "weeks": "1"})
    form = form_with(asked, "target")
    booked(reason, now, patient=patient_of(reason, first_name="Noé"), starts_at=FAR)
    again = send(client, form, address, weeks="2")
    assert again.status_code == 200
    text = again.content.decode()
    assert "2 rendez-vous déjà pris" in text and "Noé" in text
    assert is_open(reason, THURSDAY)
    assert len(re.findall(r'name="confirmed"', text)) == 1
    assert send(client, form_with(again, "target"), address).status_code == 302


def test_closing_on_public_holidays_lists_the_visits_on_them(client, reason, now):
    agenda = reason.agenda
    agenda.open_on_holidays = True
    agenda.save()
    make_opening(agenda, reason, starts_on=date(2026, 12, 25), every_weeks=0)
    booked(reason, now, patient=patient_of(reason), starts_at=AT + timedelta(days=1))
    booked(reason, now, patient=patient_of(reason), starts_at=AT)
    address = reverse("booking:agenda-settings", args=[agenda.practice_id, agenda.pk])
    form = form_with(client.get(address), "overbooks_at_most")
    form.values.pop("open_on_holidays")
    asked = client.post(address, form.values)
    assert asked.status_code == 200
    assert "1 rendez-vous déjà pris se trouverait hors" in asked.content.decode()
    agenda.refresh_from_db()
    assert agenda.open_on_holidays
    assert send(client, form_with(asked, "overbooks_at_most"), address).status_code == 302
    agenda.refresh_from_db()
    assert not agenda.open_on_holidays
