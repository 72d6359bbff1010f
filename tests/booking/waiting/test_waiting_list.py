"""The waiting list: in order, one at a time, kept while it is offered, fair when several answer."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from audit.models import Entry
from audit.record.entries import system_actor
from booking.accounts.accounts import InvalidLink
from booking.appointments import former_time, undo
from booking.appointments.change import cancel, move
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Message, Offer, Wait
from booking.models.appointment import Channel
from booking.rights import erase
from booking.waiting import offering, offers, waiting, wishes
from booking.waiting.offer_links import offer_of, offer_token
from booking.waiting.waiting import CannotWait
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.reservations import take
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
)
from tests.support.race import race
from tests.support.waiting_list import MONDAY, NEXT, at, give_back, visit, waiting_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, from_time=time(9), until_time=time(10))
    return reason


@pytest.fixture
def full(reason, now):
    """Both slots of the Monday are taken."""
    return [visit(reason, at(MONDAY, 9), now), visit(reason, at(MONDAY, 9, 30), now)]


def waiters(reason, now, number):
    """Some who have a visit a week later, and wait for an earlier one since one minute each."""
    found = []
    for n in range(number):
        appointment = visit(reason, at(NEXT + timedelta(days=7 * n), 9), now)
        found.append(waiting_for(appointment, now + timedelta(minutes=n)))
    return found


@contextmanager
def committed(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        yield


def test_a_freed_slot_is_offered_to_who_has_waited_longest(
    reason, full, now, django_capture_on_commit_callbacks
):
    first, second = waiters(reason, now, 2)
    later = now + timedelta(hours=1)
    with committed(django_capture_on_commit_callbacks):
        give_back(full[0], later)
    offer = Offer.unscoped.get()
    assert (offer.wait_id, offer.starts_at) == (first.pk, at(MONDAY, 9))
    assert {m.channel for m in Message.objects.filter(offer=offer)} == {"email", "sms"}
    assert Entry.objects.get(action="slot-offered").subjects == [first.patient_id]
    # It is kept: nobody else sees it, and nobody else can take it.
    assert at(MONDAY, 9) not in {
        slot.starts_at
        for slot in availability.free_slots(
            visit_reason=reason, since=now, until=at(NEXT, 0), now=later
        )
    }
    with pytest.raises(take.SlotTaken):
        visit(reason, at(MONDAY, 9), later)
    moved = offers.accept(offer=offer, actor=system_actor(), now=later)
    assert moved.pk == first.appointment_id
    assert moved.starts_at == at(MONDAY, 9)
    first.refresh_from_db()
    assert first.ended_at == later
    assert second.offers(manager="unscoped").count() == 0
    # Twice is once.
    assert offers.accept(offer=offer, actor=system_actor(), now=later).pk == moved.pk


def test_what_the_moved_patient_leaves_goes_on_to_the_next(
    reason, full, now, django_capture_on_commit_callbacks
):
    first, second = waiters(reason, now, 2)
    with committed(django_capture_on_commit_callbacks):
        give_back(full[0], now)
    with committed(django_capture_on_commit_callbacks):
        offers.accept(offer=Offer.unscoped.get(wait=first), actor=system_actor(), now=now)
    # The second waits for something before 14 December: the place of the first on the 7th.
    offer = Offer.unscoped.get(wait=second)
    assert offer.starts_at == at(NEXT, 9)


def test_who_does_not_answer_loses_it_to_the_next(reason, full, now):
    first, second = waiters(reason, now, 2)
    give_back(full[0], now)
    offering.offer_everywhere(now=now)
    offer = Offer.unscoped.get()
    assert offer.expires_at == now + timedelta(hours=2)
    assert offering.offer_everywhere(now=offer.expires_at - timedelta(minutes=1)) == 0
    assert offering.offer_everywhere(now=offer.expires_at) == 1
    offer.refresh_from_db()
    assert (offer.state, offer.hold_id) == ("expired", None)
    assert Offer.unscoped.get(state="open").wait == second
    # The first stays on the list, and is not asked the same twice.
    first.refresh_from_db()
    assert first.ended_at is None
    give_up = Offer.unscoped.get(state="open").expires_at
    assert offering.offer_everywhere(now=give_up) == 0
    assert visit(reason, at(MONDAY, 9), give_up)


def test_declining_hands_it_on_at_once(reason, full, now, django_capture_on_commit_callbacks):
    first, second = waiters(reason, now, 2)
    give_back(full[0], now)
    offering.offer_everywhere(now=now)
    with committed(django_capture_on_commit_callbacks):
        assert offers.decline(offer=Offer.unscoped.get(), actor=system_actor(), now=now)
    assert Offer.unscoped.get(state="open").wait == second
    with committed(django_capture_on_commit_callbacks):
        assert waiting.leave(wait=second, actor=system_actor(), now=now)
    assert not waiting.leave(wait=second, actor=system_actor(), now=now)
    assert not Offer.unscoped.filter(state="open").exists()
    assert not Taken.objects.filter(hold_until__isnull=False).exists()
    assert not offers.decline(offer=Offer.unscoped.get(wait=first), actor=system_actor(), now=now)


def test_a_late_answer_has_the_slot_only_if_nobody_else_has(reason, full, now):
    first, second = waiters(reason, now, 2)
    give_back(full[0], now)
    offering.offer_everywhere(now=now)
    late = Offer.unscoped.get()
    offering.offer_everywhere(now=late.expires_at)
    # It is offered to the second: the first comes too late.
    with pytest.raises(offers.OfferGone):
        offers.accept(offer=late, actor=system_actor(), now=late.expires_at)
    first.refresh_from_db()
    assert first.ended_at is None
    live = Offer.unscoped.get(state="open")
    offers.decline(offer=live, actor=system_actor(), now=late.expires_at)
    # Nobody has it: late is better than never.
    assert offers.accept(offer=late, actor=system_actor(), now=late.expires_at).starts_at == at(
        MONDAY, 9
    )
    with pytest.raises(offers.OfferGone):
        offers.accept(offer=live, actor=system_actor(), now=late.expires_at)
    second.refresh_from_db()
    assert second.ended_at is None


def test_after_so_many_it_is_everybodys(reason, full, now):
    waiters(reason, now, offering.MOST_OFFERS + 1)
    give_back(full[0], now)
    for _n in range(offering.MOST_OFFERS):
        assert offering.offer_everywhere(now=now) == 1
        now += timedelta(minutes=1)
        offers.decline(offer=Offer.unscoped.get(state="open"), actor=system_actor(), now=now)
    assert offering.offer_everywhere(now=now) == 0


@pytest.mark.parametrize(
    ("wishes", "is_offered"),
    [
        ({}, True),
        ({"weekdays": [0]}, True),
        ({"weekdays": [1, 2, 3, 4, 5, 6]}, False),
        ({"part_of_day": "morning"}, True),
        ({"part_of_day": "afternoon"}, False),
        ({"first_day": MONDAY}, True),
        ({"first_day": MONDAY + timedelta(days=1)}, False),
    ],
)
def test_only_what_was_wished_for_is_offered(wishes, is_offered, reason, full, now):
    waiting_for(visit(reason, at(NEXT, 9), now), now, **wishes)
    give_back(full[0], now)
    assert offering.offer_everywhere(now=now) == is_offered


def test_what_was_free_when_one_joined_is_no_news(reason, now):
    wait = waiting_for(visit(reason, at(NEXT, 9), now), now)
    assert [slot.starts_at for slot in wishes.fitting(wait, now=now)] == [
        at(MONDAY, 9), at(MONDAY, 9, 30),
    ]  # fmt: skip
    assert offering.offer_everywhere(now=now) == 0


def test_a_slot_on_the_same_day_or_later_is_not_earlier(reason, full, now):
    give_back(full[1], now)
    with pytest.raises(CannotWait):
        # Its day is today: no earlier day is left.
        waiting_for(visit(reason, at(MONDAY, 9, 30), now), at(MONDAY, 8))
    wait = waiting_for(full[0], now)
    assert wait.last_day == MONDAY - timedelta(days=1)
    assert offering.offer_everywhere(now=now) == 0


@pytest.mark.parametrize(("hour", "is_offered"), [(7, False), (8, True), (20, True), (21, False)])
def test_nobody_is_woken(hour, is_offered, reason, full, now):
    waiting_for(visit(reason, at(NEXT, 9), now), now)
    give_back(full[0], now)
    assert offering.offer_everywhere(now=at(date(2026, 11, 25), hour)) == is_offered


def test_a_new_opening_is_offered_too(reason, full, now):
    wait = waiting_for(visit(reason, at(NEXT, 9), now), now)
    make_opening(
        reason.agenda, reason, starts_on=date(2026, 11, 26), every_weeks=0, from_time=time(14),
        until_time=time(15),
    )  # fmt: skip
    assert offering.offer_everywhere(now=now) == 1
    assert wait.offers(manager="unscoped").get().starts_at == at(date(2026, 11, 26), 14)


def test_several_slots_go_to_several(reason, full, now):
    waits = waiters(reason, now, 3)
    for appointment in full:
        give_back(appointment, now)
    assert offering.offer_everywhere(now=now) == 2
    assert [(o.wait_id, o.starts_at) for o in Offer.unscoped.order_by("starts_at")] == [
        (waits[0].pk, at(MONDAY, 9)), (waits[1].pk, at(MONDAY, 9, 30)),
    ]  # fmt: skip


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


def test_a_slot_too_near_to_be_answered_is_left_to_everybody(reason, full, now):
    waiting_for(visit(reason, at(NEXT, 9), now), now)
    give_back(full[0], now)
    assert offering.offer_everywhere(now=at(MONDAY, 8, 50)) == 0
    assert offering.offer_everywhere(now=at(MONDAY, 8, 30)) == 1
    assert Offer.unscoped.get().expires_at == at(MONDAY, 8, 45)


def test_a_link_names_one_offer_and_nothing_else(reason, full, now):
    waiting_for(visit(reason, at(NEXT, 9), now), now)
    give_back(full[0], now)
    offering.offer_everywhere(now=now)
    offer = Offer.unscoped.get()
    token = offer_token(offer)
    assert offer_of(token) == offer
    for broken in (token[:-1], token[1:], "x", str(offer.pk)):
        with pytest.raises(InvalidLink):
            offer_of(broken)


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


@pytest.mark.django_db(transaction=True)
def test_several_answers_at_once_give_one_slot_to_one(reason, full, now):
    """One live answer, its double, a late one, and everybody else who wants the slot."""
    first, second = waiters(reason, now, 2)
    give_back(full[0], now)
    late = Offer.unscoped.get()
    assert late.wait_id == first.pk
    now = late.expires_at
    offering.offer_everywhere(now=now)
    live = Offer.unscoped.get(state="open")
    strangers = [make_patient(make_account()) for _ in range(6)]

    def accepting(offer):
        def job():
            try:
                offers.accept(offer=offer, actor=system_actor(), now=now)
            except offers.OfferGone as gone:
                raise take.SlotTaken from gone

        return job

    ended = race(
        [
            *(accepting(live) for _ in range(4)),
            *(accepting(late) for _ in range(4)),
            *((lambda p=p: visit(reason, at(MONDAY, 9), now, patient=p)) for p in strangers),
            *((lambda: offering.offer_everywhere(now=now)) for _ in range(2)),
        ]
    )
    # The live one's answer is right each time, and the rounds find nothing to do.
    assert ended == {"won": 6, "SlotTaken": 10}
    row = Appointment.unscoped.get(starts_at=at(MONDAY, 9), status="booked")
    assert row.pk == second.appointment_id
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM practitioners_taken WHERE hold_until IS NOT NULL")
        assert cursor.fetchone() == (0,)


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
