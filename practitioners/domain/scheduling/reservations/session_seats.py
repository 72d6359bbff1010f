"""Finding a place at one slot of a session, moving other bookings where that helps.

seating.py computes the assignment; this module applies it to the rows.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from audit.advisory_lock import wait_for
from practitioners.domain.scheduling import agenda_time, availability
from practitioners.domain.scheduling.reservations.pieces import Period
from practitioners.domain.scheduling.reservations.seating import Step
from practitioners.models import Taken
from practitioners.models.taken import SEATS_AN_OPENING


def lock_cell(agenda_id: uuid.UUID, cell: Period) -> None:
    """Queue for one session slot; the lock ends with the transaction."""
    wait_for(f"session|{agenda_id}|{cell[0].isoformat()}")


class _Rooms:
    """Which seats of a session slot's openings are in use, and by which bookings."""

    def __init__(self, time: agenda_time.AgendaTime) -> None:
        openings = [opening for opening, _reasons in time.openings]
        self._openings = {opening.pk: opening for opening in openings}
        self._numbers = {opening.number: opening.pk for opening in openings}
        self._used: dict[uuid.UUID, set[int]] = {pk: set() for pk in self._openings}
        self._sitting: dict[tuple[uuid.UUID, uuid.UUID], list[uuid.UUID]] = {}

    def note(self, seat: agenda_time.Seat, *, sits: bool) -> None:
        """Note a seat that is in use; `sits`: by a booking that may be moved within the slot."""
        opening_id = self._numbers.get((seat.seat or 0) // SEATS_AN_OPENING)
        if opening_id is None or seat.seat is None:
            return
        self._used[opening_id].add(seat.seat)
        if sits:
            self._sitting.setdefault((seat.reason_id, opening_id), []).append(seat.taken_id)

    def free_seat(self, opening_id: uuid.UUID) -> int:
        """Use the first free seat of an opening; return its number."""
        opening, used = self._openings[opening_id], self._used[opening_id]
        base = opening.number * SEATS_AN_OPENING
        number = next(n for n in range(base, base + opening.capacity) if n not in used)
        used.add(number)
        return number

    def carry_out(self, steps: Sequence[Step], *, arrives: uuid.UUID | None) -> uuid.UUID | None:
        """Move bookings as a seating says; return the opening in which the last one arrives."""
        into: uuid.UUID | None = None
        for step in steps:
            if step.out_of is None:
                into, mover = step.into, arrives
            else:
                mover = self._sitting[step.reason, step.out_of].pop()
            if mover is not None:
                self._move(mover, step.into)
                self._sitting.setdefault((step.reason, step.into), []).append(mover)
        return into

    def _move(self, taken_id: uuid.UUID, into: uuid.UUID) -> None:
        left = Taken.objects.filter(pk=taken_id).values_list("seat", flat=True).get()
        Taken.objects.filter(pk=taken_id).update(seat=self.free_seat(into))
        if left is not None and (opening_id := self._numbers.get(left // SEATS_AN_OPENING)):
            self._used[opening_id].discard(left)


def reseat(
    *,
    agenda_id: uuid.UUID,
    cell: Period,
    now: datetime,
    newcomer: uuid.UUID | None = None,
) -> int | None:
    """Give a place to every booking of a session slot without one where possible, then free
    another.

    Must run under the slot's lock. Returns the number of a free place for a booking of the
    `newcomer`'s visit reason, or None. A booking with a place never loses it.
    """
    time = agenda_time.load_agenda_times(
        agenda_ids=[agenda_id], since=cell[0], until=cell[1], now=now
    )[agenda_id]
    day = cell[0].astimezone(time.zone).date()
    seating, unseated = availability.seating_at(time, cell, day)
    rooms = _Rooms(time)
    orphans = {seat.taken_id for seat in unseated}
    for seat in time.seats:
        if seat.seat is not None and seat.period[0] < cell[1] and cell[0] < seat.period[1]:
            rooms.note(seat, sits=seat.taken_id not in orphans and seat.period == cell)
    for orphan in unseated:
        found, steps = seating.add(orphan.reason_id, at_most=1)
        if found:
            rooms.carry_out(steps, arrives=orphan.taken_id)
    if newcomer is None:
        return None
    found, steps = seating.add(newcomer, at_most=1)
    into = rooms.carry_out(steps, arrives=None) if found else None
    return rooms.free_seat(into) if into else None
