"""A practice sets its reminders and its agendas on the dashboard."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Message
from practitioners.domain.scheduling.availability import free_slots
from tests.factories import make_agenda, make_member, make_opening, make_reason, verified_client
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def given(practice, **changed):
    return {
        "name": practice.name, "phone": "", "access_info": "", "instructions": "",
        "reminder_hours": ["72"], "reminds_by_sms": "on", **changed,
    }  # fmt: skip


def test_reminders_leave_when_the_practice_says(agenda, client, now):
    url = reverse("booking:practice-settings", args=[agenda.practice_id])
    answer = client.post(url, given(agenda.practice, reminder_hours=["72", "4"]))
    assert answer.status_code == 302
    agenda.practice.refresh_from_db()
    assert agenda.practice.reminder_hours == [72, 4]
    assert Entry.objects.filter(action="practice-saved", practice_id=agenda.practice_id).exists()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now)
    mails = Message.objects.filter(kind="reminder", channel="email")
    due = set(mails.values_list("due_at", flat=True))
    assert due == {NINE - timedelta(hours=72), NINE - timedelta(hours=4)}


def test_a_practice_may_want_no_reminder(agenda, client, now):
    url = reverse("booking:practice-settings", args=[agenda.practice_id])
    client.post(url, given(agenda.practice, reminder_hours=[]))
    agenda.practice.refresh_from_db()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now)
    assert not Message.objects.filter(kind="reminder").exists()


@pytest.mark.parametrize(
    ("phone", "accepted"), [("02 47 00 00 01", True), ("36 24", True), ("appelez-moi", False)]
)
def test_the_telephone_is_checked_and_nothing_else_is_lost(agenda, client, phone, accepted):
    url = reverse("booking:practice-settings", args=[agenda.practice_id])
    answer = client.post(url, given(agenda.practice, phone=phone, access_info="Au fond"))
    agenda.practice.refresh_from_db()
    assert agenda.practice.access_info == ("Au fond" if accepted else "")
    if not accepted:
        page = answer.content.decode()
        assert "Ce numéro de téléphone n’est pas valide" in page
        assert "Au fond" in page


def test_a_renamed_practice_is_found_by_its_new_name(agenda, client):
    url = reverse("booking:practice-settings", args=[agenda.practice_id])
    client.post(url, given(agenda.practice, name="Pôle Santé de l’Été"))
    agenda.practice.refresh_from_db()
    assert agenda.practice.search_name == "pole sante de l ete"


def test_an_agenda_is_closed_to_booking_and_opened_again(agenda, client, now):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    url = reverse("booking:agenda-settings", args=[agenda.practice_id, agenda.pk])

    def offered():
        reason.refresh_from_db()
        reason.agenda.refresh_from_db()
        return free_slots(visit_reason=reason, since=now, until=now + timedelta(days=7), now=now)

    assert offered()
    client.post(url, {"accepts_new_patients": "on"})
    assert not offered()
    client.post(url, {"accepts_new_patients": "on", "active": "on"})
    assert offered()


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("25", 2500), ("25,50", 2550), ("25.5 €", 2550), ("25\u00a0€", 2500), ("1 250,05", 125005),
        ("30 euros", 3000), ("0", 0), ("", None), ("25,505", False), ("-3", False), ("gratuit", False),
    ],
)  # fmt: skip
def test_a_price_is_written_in_euros(agenda, client, written, cents):
    reason = make_reason(agenda)
    page = reverse("booking:reason", args=[agenda.practice_id, agenda.pk, reason.pk])
    given = {
        "name": "Bilan", "duration_minutes": "30", "buffer_before_minutes": "0",
        "buffer_after_minutes": "0", "colour": "blue", "minimum_notice_minutes": "60",
        "horizon_days": "60", "cancel_deadline_hours": "24", "patient_kind": "any", "active": "on",
    }  # fmt: skip
    answer = client.post(page, given | {"price_cents": written})
    reason.refresh_from_db()
    if cents is False:
        assert "Écrivez un prix en euros" in answer.content.decode()
        assert reason.price_cents is None
        return
    assert (answer.status_code, reason.price_cents) == (302, cents)
    again = client.get(page).content.decode()
    value = {2550: "25,50", 125005: "1250,05", 2500: "25", 3000: "30", 0: "0", None: None}[cents]
    assert value is None or f'name="price_cents" value="{value}"' in again


def _reason(**changed):
    return {
        "name": "Bilan", "duration_minutes": "30", "buffer_before_minutes": "0",
        "buffer_after_minutes": "0", "colour": "blue", "minimum_notice_minutes": "60",
        "horizon_days": "60", "cancel_deadline_hours": "24", "patient_kind": "any", "active": "on",
        **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"duration_minutes": "240"}, "aucune plage qui sert ce motif n’est assez longue"),
        ({"minimum_notice_minutes": "2880", "horizon_days": "2"}, "le délai minimal est plus long"),
        ({}, ""),
    ],
)
def test_a_reason_that_can_never_have_a_slot_is_said_and_not_offered(agenda, client, changed, said):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    page = reverse("booking:reason", args=[agenda.practice_id, agenda.pk, reason.pk])
    text = client.post(page, _reason(**changed), follow=True).content.decode()
    assert ("Aucun créneau n’est possible" in text) == bool(said)
    assert said in text
    public = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    shown = client.get(public).context["all_reasons"]
    assert (reason in shown) == (not said)


def test_an_opening_too_short_for_its_reason_is_said(agenda, client):
    reason = make_reason(agenda)
    opening = make_opening(agenda, reason)
    page = reverse("booking:opening", args=[agenda.practice_id, agenda.pk, opening.pk])
    given = {
        "starts_on": "2026-11-23", "every_weeks": "1", "from_time": "09:00",
        "until_time": "09:10", "visit_reasons": [reason.pk], "capacity": "1",
    }  # fmt: skip
    text = client.post(page, given, follow=True).content.decode()
    assert "Cette plage est trop courte pour" in text
    opening.refresh_from_db()
    assert opening.until_time.isoformat() == "09:10:00"
    text = client.post(page, given | {"until_time": "12:00"}, follow=True).content.decode()
    assert "trop courte" not in text
