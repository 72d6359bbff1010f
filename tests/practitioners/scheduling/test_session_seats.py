"""Seats that are given out together: several orphans and a newcomer in one go."""

import itertools
import uuid
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction

from practitioners.domain.scheduling.reservations import holds, take
from practitioners.domain.scheduling.reservations.seating import Seating, Step
from practitioners.domain.scheduling.reservations.session_seats import reseat
from practitioners.models import Taken
from practitioners.models.taken import SEATS_AN_OPENING
from tests.factories import make_agenda, make_opening, make_reason

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 30, 8, tzinfo=UTC)
CELL = (NINE, NINE + timedelta(minutes=30))


class Session:
    """One slot, of openings that serve these reasons with so many seats each."""

    def __init__(self, now, *openings):
        self.now, self.agenda = now, make_agenda()
        names = sorted(set("".join(served for served, _capacity in openings)))
        self.reasons = {name: make_reason(self.agenda, name=name) for name in names}
        for number, (served, capacity) in enumerate(openings, start=1):
            make_opening(
                self.agenda, *(self.reasons[name] for name in served), number=number,
                capacity=capacity, slot_minutes=30, until_time=time(9, 30),
            )  # fmt: skip

    def sits(self, name, seat=None):
        return Taken.objects.create(
            agenda=self.agenda, visit_reason=self.reasons[name], period=CELL, seat=seat
        )

    def reseat(self, newcomer=None):
        reason = self.reasons[newcomer].pk if newcomer else None
        return reseat(agenda_id=self.agenda.pk, cell=CELL, now=self.now, newcomer=reason)

    def places(self, *rows):
        """The opening in which each sits; None of those without a seat."""
        seats = [Taken.objects.get(pk=row.pk).seat for row in rows]
        assert len({seat for seat in seats if seat is not None}) == sum(
            s is not None for s in seats
        )
        return [None if seat is None else seat // SEATS_AN_OPENING for seat in seats]


def opening_of(seat):
    return None if seat is None else seat // SEATS_AN_OPENING


def test_an_orphan_that_has_just_sat_down_moves_for_a_newcomer(now):
    session = Session(now, ("AB", 1), ("BC", 1))
    orphan = session.sits("B")
    assert opening_of(session.reseat("A")) == 1
    assert session.places(orphan) == [2]


def test_somebody_moves_twice_where_that_makes_room(now):
    session = Session(now, ("AB", 1), ("BC", 1), ("B", 1))
    first, second = session.sits("B"), session.sits("A")
    assert opening_of(session.reseat("C")) == 2
    assert session.places(first, second) == [3, 1]


def test_nobody_who_sits_loses_a_seat_and_orphans_wait_where_there_is_none(now):
    session = Session(now, ("AB", 1), ("B", 1))
    seated = [session.sits("B", SEATS_AN_OPENING), session.sits("B", 2 * SEATS_AN_OPENING)]
    orphan = session.sits("A")
    assert session.reseat("A") is None
    assert session.places(*seated, orphan) == [1, 2, None]
    Taken.objects.filter(pk=seated[1].pk).delete()
    assert session.reseat() is None
    assert session.places(seated[0], orphan) == [2, 1]


def test_each_has_a_seat_of_its_own_and_a_seat_that_is_left_is_free_again(now):
    session = Session(now, ("AB", 3), ("B", 2))
    rows = [session.sits("B") for _ in range(4)]
    assert session.reseat() is None
    assert sorted(session.places(*rows)) == [1, 1, 1, 2]
    newcomers = []
    for opening in (1, 1):
        # Somebody moves to the other opening, or takes what is free.
        seat = session.reseat("A")
        if seat is not None:
            assert opening_of(seat) == opening
            newcomers.append(session.sits("A", seat))
    assert len(newcomers) == 1
    assert sorted(session.places(*rows, *newcomers)) == [1, 1, 1, 2, 2]
    assert session.reseat("B") is None


@pytest.mark.parametrize("order", list(itertools.permutations("ABC")))
def test_in_whatever_order_they_come_all_sit(now, order):
    session = Session(now, ("AB", 1), ("BC", 1), ("C", 1))
    rows = {name: session.sits(name) for name in order}
    session.reseat()
    assert session.places(rows["A"]) == [1]
    assert sorted(session.places(*rows.values())) == [1, 2, 3]


def test_other_slots_are_left_alone(now):
    """Those before and after: their seats have the same numbers."""
    session = Session(now, ("A", 2))
    length = CELL[1] - CELL[0]
    for period in ((CELL[0] - length, CELL[0]), (CELL[1], CELL[1] + length)):
        seated, orphan = session.sits("A"), session.sits("A")
        Taken.objects.filter(pk=seated.pk).update(period=period, seat=SEATS_AN_OPENING)
        Taken.objects.filter(pk=orphan.pk).update(period=period)
        assert session.reseat("A") == SEATS_AN_OPENING
        assert session.places(orphan) == [None]


def test_a_seat_is_held_for_its_time_alone(now):
    """As every slot is: the key finds it, and somebody else has it when the hold is over."""
    session = Session(now, ("A", 1))
    reason = session.reasons["A"]
    hold_id, until = take.hold(visit_reason=reason, starts_at=NINE, key="mine", now=now)
    assert holds.find_hold(key="mine", now=now) == hold_id
    assert Taken.objects.get(pk=hold_id).hold_until == until
    with pytest.raises(take.SlotTaken), transaction.atomic():
        take.hold(visit_reason=reason, starts_at=NINE, key="theirs", now=now)
    assert take.hold(visit_reason=reason, starts_at=NINE, key="theirs", now=until)[0] != hold_id


def test_as_many_move_as_sit_there():
    """No more newcomers than the seats that those leave."""
    a, b = uuid.uuid4(), uuid.uuid4()
    first, second = uuid.uuid4(), uuid.uuid4()
    serves = {first: frozenset({a, b}), second: frozenset({b})}
    seating = Seating(serves=serves, free={first: 2, second: 5})
    assert seating.add(b, at_most=2)[0] == 2
    assert seating.free == {first: 0, second: 5}
    done, steps = seating.add(a, at_most=5)
    assert (done, seating.free) == (2, {first: 0, second: 3})
    assert steps == [Step(b, first, second), Step(a, None, first)]
    assert seating.add(a, at_most=5) == (0, [])
    assert seating.add(b, at_most=9)[0] == 3
    assert seating.seated == {(a, first): 2, (b, first): 0, (b, second): 5}
