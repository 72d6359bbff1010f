"""Who may wait and for what, and when a wait ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from audit.record.entries import system_actor
from booking.appointments import former_time, undo
from booking.appointments.change import cancel, move
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Offer, Wait
from booking.models.appointment import Channel
from booking.rights import erase
from booking.waiting import offering, offers, waiting
from booking.waiting.waiting import CannotWait
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
)
from tests.support.waiters import committed, full, reason, waiters  # noqa: F401
from tests.support.waiting_list import MONDAY, NEXT, at, give_back, visit, waiting_for

pytestmark = pytest.mark.django_db


def test_somebody_without_an_appointment_waits_for_any_slot(reason, now):
    for week in range(9):
        for minute in (0, 30):
            visit(reason, at(MONDAY + timedelta(days=7 * week), 9, minute), now)
    account = make_account()
    patient = make_patient(account)
    wait = waiting.join(visit_reason=reason, patient=patient, actor=system_actor(), now=now)
    assert offering.offer_everywhere(now=now) == 0
    give_back(Appointment.unscoped.get(starts_at=at(NEXT, 9)), now)
    assert offering.offer_everywhere(now=now) == 1
    made = offers.accept(offer=Offer.unscoped.get(), actor=system_actor(), now=now)
    assert (made.patient, made.booked_by, made.starts_at) == (patient, account, at(NEXT, 9))
    wait.refresh_from_db()
    assert wait.appointment == made


def test_who_waits_for_nothing_any_more_is_let_go(reason, full, now):
    cancelled, moved, late = waiters(reason, now, 3)
    give_back(cancelled.appointment, now)
    move(
        appointment=moved.appointment,
        starts_at=at(NEXT, 9),
        by=By(actor=system_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    offering.offer_everywhere(now=now)
    for wait in (cancelled, moved, late):
        wait.refresh_from_db()
    assert cancelled.ended_at is not None
    assert moved.ended_at is None
    assert late.ended_at is None
    # Within the practice's deadline nobody moves online.
    offering.offer_everywhere(now=at(NEXT, 8, 30) - timedelta(days=0))
    moved.refresh_from_db()
    assert moved.ended_at is not None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"agenda": {"waiting_list": False}}, CannotWait.closed),
        ({"agenda": {"active": False}}, CannotWait.closed),
        ({"weekdays": []}, CannotWait.no_day),
        ({"first_day": NEXT}, CannotWait.not_earlier),
    ],
)
def test_who_cannot_wait(change, text, reason, now):
    appointment = visit(reason, at(NEXT, 9), now)
    for name, value in change.pop("agenda", {}).items():
        setattr(reason.agenda, name, value)
    with pytest.raises(CannotWait) as refused:
        waiting_for(appointment, now, **change)
    assert refused.value.text == text


def test_one_waits_once_for_a_reason(reason, now):
    appointment = visit(reason, at(NEXT, 9), now)
    wait = waiting_for(appointment, now)
    with pytest.raises(CannotWait) as refused:
        waiting_for(appointment, now)
    assert refused.value.text == CannotWait.already
    waiting.leave(wait=wait, actor=system_actor(), now=now)
    waiting_for(appointment, now)


def test_a_closed_list_offers_nothing(reason, full, now):
    waiting_for(visit(reason, at(NEXT, 9), now), now)
    reason.agenda.waiting_list = False
    reason.agenda.save()
    give_back(full[0], now)
    assert offering.offer_everywhere(now=now) == 0


def test_erasing_an_account_takes_it_off_the_list(reason, full, now):
    account = make_account()
    appointment = visit(reason, at(NEXT, 9), now, patient=make_patient(account))
    waiting_for(appointment, now)
    erase.erase_account(account=account, actor=system_actor(), now=now)
    assert not Wait.unscoped.exists()


def test_an_appointment_that_was_moved_before_the_slot_stays_there(reason, full, now):
    (wait,) = waiters(reason, now, 1)
    give_back(full[1], now)
    offering.offer_everywhere(now=now)
    offer = Offer.unscoped.get()
    move(
        appointment=wait.appointment,
        starts_at=at(date(2026, 11, 27), 9),
        by=By(actor=system_actor(), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=now,
    )
    with pytest.raises(offers.OfferGone):
        offers.accept(offer=offer, actor=system_actor(), now=now)


def test_whose_appointment_is_cancelled_keeps_no_slot_from_others(reason, full, now):
    first, second = waiters(reason, now, 2)
    give_back(full[0], now)
    offering.offer_everywhere(now=now)
    give_back(first.appointment, now)
    assert offering.offer_everywhere(now=now) == 1
    assert {(o.wait_id, o.state) for o in Offer.unscoped.filter(starts_at=at(MONDAY, 9))} == {
        (first.pk, "expired"), (second.pk, "open"),
    }  # fmt: skip


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Noumea", "America/Guadeloupe"])
def test_no_earlier_day_is_offered_on_the_day_itself(zone, now):
    """By the practice's clock: what is offered must be possible."""
    agenda = make_agenda(practice=make_practice(time_zone=zone), waiting_list=True)
    reason = make_reason(agenda, cancel_deadline_hours=0)
    make_opening(agenda, reason)
    nine = datetime.combine(MONDAY, time(9), ZoneInfo(zone)).astimezone(UTC)
    row = visit(reason, nine, now)
    for ahead, may in ((timedelta(hours=9, minutes=1), True), (timedelta(hours=8), False)):
        assert waiting.may_wait(row, now=nine - ahead) is may
        try:
            with transaction.atomic():
                waiting_for(row, nine - ahead)
                transaction.set_rollback(True)
        except CannotWait:
            assert not may
        else:
            assert may


@pytest.mark.parametrize("side", [Channel.PATIENT, Channel.PRACTICE])
def test_a_cancellation_that_is_taken_back_keeps_the_place(
    reason, full, now, side, django_capture_on_commit_callbacks
):
    first, second = waiters(reason, now, 2)
    mine = first.appointment
    with committed(django_capture_on_commit_callbacks):
        cancel(
            appointment=mine,
            by=By(actor=system_actor(), channel=side),
            now=now,
            undo_within=former_time.UNDO,
        )
    # While it may come back, nothing is offered to it, and the others have their turn.
    with committed(django_capture_on_commit_callbacks):
        give_back(full[0], now)
    assert [offer.wait for offer in Offer.unscoped.all()] == [second]
    undo.restore(
        appointment=mine, actor=system_actor(), now=now + timedelta(seconds=20), channel=side
    )
    with committed(django_capture_on_commit_callbacks):
        give_back(full[1], now + timedelta(seconds=21))
    assert Offer.unscoped.latest("made_at", "pk").wait == first


def test_a_cancellation_that_stays_ends_the_wait(reason, full, now):
    (wait,) = waiters(reason, now, 1)
    cancel(
        appointment=wait.appointment,
        by=By(actor=system_actor(), channel=Channel.PATIENT),
        now=now,
        undo_within=former_time.UNDO,
    )
    offering.offer_everywhere(now=now + timedelta(seconds=29))
    assert Wait.unscoped.get().ended_at is None
    offering.offer_everywhere(now=now + former_time.UNDO)
    assert Wait.unscoped.get().ended_at is not None
