"""The waiting list: in order, one at a time, kept while it is offered, fair when several answer."""

from datetime import date, time, timedelta

import pytest
from django.db import connection, transaction

from audit.models import Entry
from audit.record.entries import system_actor
from booking.accounts.accounts import InvalidLink
from booking.models import Appointment, Message, Offer
from booking.waiting import offering, offers, waiting, wishes
from booking.waiting.offer_links import offer_of, offer_token
from booking.waiting.waiting import CannotWait
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.reservations import take
from practitioners.models import Taken
from tests.factories import make_account, make_opening, make_patient
from tests.support.race import race
from tests.support.waiters import committed, full, reason, waiters  # noqa: F401
from tests.support.waiting_list import MONDAY, NEXT, at, give_back, visit, waiting_for

pytestmark = pytest.mark.django_db


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
