"""Rooms and devices are in use once only, whoever books, and through whichever agenda."""

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from booking.appointments.book import HeldSlot, OutsideOpening, SlotTaken, book
from booking.appointments.change import cancel, move
from booking.appointments.desk.drag import resize
from booking.appointments.desk.unusual import UnusualTime
from booking.appointments.values import By, Conditions
from booking.models.appointment import Channel
from practitioners.domain.scheduling import next_slots
from practitioners.domain.scheduling.availability import free_slots
from practitioners.domain.scheduling.reservations import holds, pieces, resources, take
from practitioners.domain.scheduling.standing import Why
from practitioners.models import NextSlot, ResourceUse, Taken
from tests.factories import (
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    make_resource,
    practice_actor,
)
from tests.support.asked import asked
from tests.support.resources import NINE, needing

pytestmark = pytest.mark.django_db
HALF = timedelta(minutes=30)


@pytest.fixture
def room():
    return make_resource(make_agenda().practice, name="Salle d’échographie")


def booked(reason, at, now, **values):
    return book(
        visit_reason=reason,
        starts_at=at,
        patient=make_patient(),
        now=now,
        **asked(**{"channel": Channel.PATIENT, "actor": practice_actor()} | values),
    )


def starts(reason, now, **values):
    found = free_slots(
        visit_reason=reason, since=NINE, until=NINE + timedelta(hours=3), now=now, **values
    )
    return [slot.starts_at for slot in found]


FOUR = [NINE + n * HALF for n in range(4)]


def test_a_room_in_use_is_offered_to_nobody_else(room, now):
    one, other = needing(room), needing(room)
    first = booked(one, NINE, now)
    assert starts(other, now) == starts(one, now) == FOUR[1:]
    with pytest.raises(take.ResourceTaken), transaction.atomic():
        booked(other, NINE, now)
    # Nor where a practice books outside its openings, or on top of what is taken.
    other.agenda.overbooks_at_most = 3
    with pytest.raises(take.ResourceTaken), transaction.atomic():
        booked(other, NINE + HALF / 2, now, channel=Channel.PRACTICE, anywhere=True, overbooks=True)
    cancel(appointment=first, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    assert not ResourceUse.objects.exists()
    assert starts(other, now) == FOUR


def test_buffers_are_the_rooms_too(room, now):
    cleaned, other = needing(room, buffer_after_minutes=15), needing(room)
    booked(cleaned, NINE, now)
    assert starts(other, now) == FOUR[2:]


def test_several_pieces(room, now):
    room.pieces = 2
    room.save()
    reasons = [needing(room) for _n in range(3)]
    taken = [booked(reason, NINE, now).taken_id for reason in reasons[:2]]
    assert [resources.names_of(each) for each in taken] == [
        ["Salle d’échographie 1"], ["Salle d’échographie 2"],
    ]  # fmt: skip
    assert starts(reasons[2], now) == FOUR[1:]


def test_a_visit_may_need_two_things_and_gets_both_or_nothing(room, now):
    device = make_resource(room.practice, name="Échographe mobile")
    both, only = needing(room, device), needing(device)
    booked(only, NINE, now)
    with pytest.raises(SlotTaken), transaction.atomic():
        booked(both, NINE, now)
    assert not room.uses.exists()
    assert len(resources.names_of(booked(both, FOUR[1], now).taken_id)) == 2


def test_a_session_shares_its_room(room, now):
    agenda = make_agenda(practice=room.practice)
    shared = make_reason(agenda, needs=[room.pk])
    make_opening(agenda, shared, slot_minutes=30, capacity=3, until_time=time(11))
    other = needing(room)
    rows = [booked(shared, NINE, now) for _n in range(2)]
    assert starts(shared, now) == FOUR
    assert starts(other, now) == FOUR[1:]
    cancel(appointment=rows[0], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    assert starts(other, now) == FOUR[1:]
    cancel(appointment=rows[1], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    assert starts(other, now) == FOUR


def test_a_hold_holds_the_room_until_it_ends(room, now):
    one, other = needing(room), needing(room)
    hold_id, until = take.hold(visit_reason=one, starts_at=NINE, key="k", now=now)
    assert starts(other, now) == FOUR[1:]
    # An expired one is in nobody's way, though nobody has cleared it.
    assert starts(other, until) == FOUR
    with transaction.atomic():
        booked(other, NINE, until)
    assert not Taken.objects.filter(pk=hold_id).exists()


def test_the_room_of_what_was_let_go_of_is_free_when_that_ends(room, now):
    one, other = needing(room), needing(room)
    until = now + timedelta(seconds=30)
    holds.let_go(booked(one, NINE, now).taken_id, key="undo", until=until)
    assert ResourceUse.objects.get().hold_until == until
    assert starts(other, now) == FOUR[1:]
    assert starts(other, until) == FOUR


def test_what_was_held_is_the_visits_for_good(room, now):
    reason = needing(room)
    hold_id, until = take.hold(visit_reason=reason, starts_at=NINE, key="k", now=now)
    row = booked(reason, NINE, now, held=HeldSlot(id=hold_id, key="k"))
    assert row.taken_id == hold_id
    assert ResourceUse.objects.get().hold_until is None
    assert starts(needing(room), until + HALF) == FOUR[1:]


def test_a_move_and_a_new_length_take_the_room_along(room, now):
    one, other = needing(room), needing(room)
    row, third = booked(one, NINE, now), booked(other, FOUR[2], now)
    moved = move(
        appointment=row,
        starts_at=FOUR[1],
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    assert starts(other, now) == [FOUR[0], FOUR[3]]
    with pytest.raises(take.ResourceTaken), transaction.atomic():
        resize(appointment=moved, minutes=45, actor=practice_actor(), now=now)
    cancel(appointment=third, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    resize(appointment=moved, minutes=45, actor=practice_actor(), now=now)
    assert starts(other, now) == [FOUR[0], FOUR[3]]


def put(room, now, **values):
    for name, value in values.items():
        setattr(room, name, value)
    return resources.save_resource(resource=room, actor=practice_actor(), now=now)


def test_what_needs_something_out_of_service_is_offered_to_nobody(room, now):
    one, device = needing(room), make_resource(room.practice, name="Échographe mobile")
    both, only = needing(room, device), needing(device)
    first = booked(one, NINE, now)
    put(room, now, active=False)
    for reason in (one, both):
        assert starts(reason, now) == starts(reason, now, online=False) == []
        for channel in (Channel.PATIENT, Channel.PRACTICE):
            with pytest.raises(take.OutOfService), transaction.atomic():
                booked(reason, FOUR[1], now, channel=channel)
    assert starts(only, now) == FOUR
    # What was booked stays, and has the room again where it comes back.
    assert resources.names_of(first.taken_id) == [room.name]
    put(room, now, active=True)
    assert starts(one, now) == FOUR[1:]


def test_another_practices_room_of_the_same_name_is_its_own(room, now):
    elsewhere = make_resource(make_agenda().practice, name=room.name)
    reason = needing(elsewhere)
    put(room, now, active=False)
    assert starts(reason, now) == FOUR
    booked(reason, NINE, now)


def test_one_of_several_pieces_leaves_the_others(room, now):
    put(room, now, pieces=2)
    one, other = needing(room), needing(room)
    put(room, now, pieces=1)
    booked(one, NINE, now)
    assert starts(other, now) == FOUR[1:]


def test_a_practice_books_without_what_is_out_of_service_where_it_means_it(room, now):
    one, other = needing(room), needing(room)
    put(room, now, active=False)
    asks = {"channel": Channel.PRACTICE, "anywhere": True}
    with pytest.raises(UnusualTime, match="hors service") as asked, transaction.atomic():
        booked(one, NINE, now, asks_about_time=True, **asks)
    assert asked.value.whys == [Why.OUT_OF_SERVICE]
    # Outside the openings as well, it is told of both at once.
    with pytest.raises(UnusualTime, match=r"hors des plages.*aussi hors service") as both:
        booked(one, NINE - 8 * HALF, now, asks_about_time=True, **asks)
    assert both.value.whys == [Why.OUTSIDE, Why.OUT_OF_SERVICE]
    row, too = booked(one, NINE, now, **asks), booked(other, NINE, now, **asks)
    assert not ResourceUse.objects.exists()
    with pytest.raises(UnusualTime), transaction.atomic():
        move(
            appointment=row,
            starts_at=FOUR[2],
            by=By(actor=practice_actor(), channel=Channel.PRACTICE),
            conditions=Conditions(anywhere=True, asks_about_time=True),
            now=now,
        )
    # Back in service it is the first one's, and nobody else's at that hour.
    put(room, now, active=True)
    assert ResourceUse.objects.count() == 1
    assert resources.count_waiting(resource=room, now=now) == 2
    assert starts(one, now) == starts(other, now) == FOUR[1:]
    assert {row.status, too.status} == {"booked"}


def test_a_session_without_its_room_keeps_its_seats(room, now):
    agenda = make_agenda(practice=room.practice)
    shared = make_reason(agenda, needs=[room.pk])
    make_opening(agenda, shared, slot_minutes=30, capacity=2, until_time=time(11))
    put(room, now, active=False)
    assert starts(shared, now) == []
    asks = {"channel": Channel.PRACTICE, "anywhere": True}
    rows = [booked(shared, NINE, now, **asks) for _n in range(2)]
    assert not any(row.taken.is_own_time for row in rows)
    put(room, now, active=True)
    # Both seats are taken, and they share the room that has come back.
    assert starts(shared, now) == FOUR[1:]
    assert {use.shared_by for use in ResourceUse.objects.all()} == {
        pieces.of_session(agenda.pk, NINE)
    }
    assert ResourceUse.objects.count() == 2


def test_a_session_stays_in_one_room_of_several(room, now):
    """In whichever of them it is: the others are for others."""
    put(room, now, pieces=3)
    first = booked(needing(room), NINE, now)
    agenda = make_agenda(practice=room.practice)
    shared = make_reason(agenda, needs=[room.pk])
    make_opening(agenda, shared, slot_minutes=30, capacity=3, until_time=time(11))
    rows = [booked(shared, NINE, now) for _n in range(2)]
    assert ResourceUse.objects.get(taken_id=first.taken_id).piece == 1
    cancel(appointment=first, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    rows.append(booked(shared, NINE, now))
    uses = ResourceUse.objects.filter(taken_id__in=[row.taken_id for row in rows])
    assert [use.piece for use in uses] == [2, 2, 2]


def test_postgresql_itself_refuses_a_room_twice(room, now):
    row = booked(needing(room), NINE, now)
    use = ResourceUse.objects.get(taken_id=row.taken_id)
    other = booked(needing(make_resource(room.practice)), NINE, now)
    with pytest.raises(IntegrityError, match="never_used_by_two"), transaction.atomic():
        ResourceUse.objects.create(
            resource=room, piece=use.piece, period=use.period, taken_id=other.taken_id,
            shared_by=other.taken_id,
        )  # fmt: skip


def test_what_is_booked_gets_what_its_reason_needs_from_now_on(room, now):
    one, other = needing(room), needing(room)
    one.needs = other.needs = []
    one.save(), other.save()
    for reason in (one, other):
        booked(reason, NINE, now)
    booked(other, FOUR[1], now)

    def settled(reason, needs):
        reason.needs = needs
        return resources.save_reason_and_settle(reason=reason, actor=practice_actor(), now=now)

    assert settled(one, [room.pk]) == 0
    # One of the two had to find the room taken.
    assert settled(other, [room.pk]) == 1
    assert room.uses.count() == 2
    assert settled(one, []) == 0
    assert settled(other, [room.pk]) == 0


def test_the_projection_of_whoever_needs_the_room_is_made_anew(
    room, now, django_capture_on_commit_callbacks
):
    one, other = needing(room), needing(room)
    both = [one.agenda_id, other.agenda_id]
    next_slots.refresh(agenda_ids=both, now=now)
    first = NextSlot.objects.get(visit_reason=other).starts_at
    with django_capture_on_commit_callbacks(execute=True):
        booked(one, first, now)
    assert sorted(next_slots.take_stale()) == sorted(both)
    next_slots.refresh(agenda_ids=both, now=now)
    assert NextSlot.objects.get(visit_reason=other).starts_at == first + HALF


def test_outside_is_outside_though_the_room_is_taken(room, now):
    one, other = needing(room), needing(room)
    booked(one, NINE, now)
    with pytest.raises(OutsideOpening), transaction.atomic():
        booked(other, NINE - 8 * HALF, now)


def test_why_a_time_is_unusual_is_said_and_what_else_is():
    outside, both = UnusualTime([Why.OUTSIDE]), UnusualTime([Why.OUTSIDE, Why.OUT_OF_SERVICE])
    assert str(outside).endswith("Confirmez que c’est bien elle.")
    assert str(both) == f"{outside} Une salle ou un appareil nécessaire est aussi hors service."
    assert both.whys == [Why.OUTSIDE, Why.OUT_OF_SERVICE]


def queues(*reasons):
    """How many queues a transaction stands in for these."""
    with transaction.atomic(), connection.cursor() as cursor:
        take.queue_for(*reasons)
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_what_takes_more_than_time_queues_at_its_practice(room):
    plain, with_room = make_reason(make_agenda()), needing(room)
    then = make_reason(make_agenda(practice=room.practice))
    first = make_reason(make_agenda(practice=room.practice), then=then, then_within_minutes=0)
    elsewhere = needing(make_resource(make_agenda().practice))
    assert queues() == queues(plain) == queues(then) == 0
    assert queues(with_room) == queues(first) == queues(with_room, first, plain) == 1
    assert queues(with_room, elsewhere) == 2


def test_a_practice_says_how_long_it_wants_a_visit(room, now):
    reason = needing(room)
    row = booked(reason, NINE, now, channel=Channel.PRACTICE, minutes=50)
    assert row.ends_at - row.starts_at == timedelta(minutes=50)
    assert ResourceUse.objects.get().period.upper == row.ends_at
    assert starts(reason, now) == FOUR[2:]
    usual = booked(reason, FOUR[2], now)
    assert usual.ends_at - usual.starts_at == HALF
