"""Finding a place at one slot of a session, moving other bookings where that helps.

seating.py computes the assignment; this module applies it to the rows.
"""

import uuid
from datetime import datetime

from audit.advisory_lock import wait_for
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.reservations.pieces import Period
from practitioners.models import Taken
from practitioners.models.taken import SEATS_AN_OPENING


def lock_cell(agenda_id: uuid.UUID, cell: Period) -> None:
    """Queue for one session slot; the lock ends with the transaction."""
    wait_for(f"session|{agenda_id}|{cell[0].isoformat()}")


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
    time = availability.load_agenda_times(
        agenda_ids=[agenda_id], since=cell[0], until=cell[1], now=now
    )[agenda_id]
    day = cell[0].astimezone(time.zone).date()
    seating, unseated = availability.seating_at(time, cell, day)
    rooms = {opening.pk: opening for opening, _reasons in time.openings}
    sitting: dict[tuple[uuid.UUID, uuid.UUID], list[uuid.UUID]] = {}
    used: dict[uuid.UUID, set[int]] = {pk: set() for pk in rooms}
    orphans = {seat.taken_id for seat in unseated}
    numbers = {opening.number: opening.pk for opening, _reasons in time.openings}
    for seat in time.seats:
        if seat.seat is None or not (seat.period[0] < cell[1] and cell[0] < seat.period[1]):
            continue
        room_id = numbers.get(seat.seat // SEATS_AN_OPENING)
        if room_id is None:
            continue
        used[room_id].add(seat.seat)
        if seat.taken_id not in orphans and seat.period == cell:
            sitting.setdefault((seat.reason_id, room_id), []).append(seat.taken_id)

    def free_seat(room: availability.OpeningTime) -> int:
        base = room.number * SEATS_AN_OPENING
        number = next(n for n in range(base, base + room.capacity) if n not in used[room.pk])
        used[room.pk].add(number)
        return number

    def move(taken_id: uuid.UUID, into: uuid.UUID) -> None:
        left = Taken.objects.filter(pk=taken_id).values_list("seat", flat=True).get()
        Taken.objects.filter(pk=taken_id).update(seat=free_seat(rooms[into]))
        if left is not None and (room_id := numbers.get(left // SEATS_AN_OPENING)):
            used[room_id].discard(left)

    def carry_out(steps: list, arrives: uuid.UUID | None) -> uuid.UUID | None:  # type: ignore[type-arg]
        into: uuid.UUID | None = None
        for step in steps:
            if step.out_of is None:
                into = step.into
                if arrives is not None:
                    move(arrives, step.into)
                    sitting.setdefault((step.reason, step.into), []).append(arrives)
            else:
                mover = sitting[step.reason, step.out_of].pop()
                move(mover, step.into)
                sitting.setdefault((step.reason, step.into), []).append(mover)
        return into

    for orphan in unseated:
        found, steps = seating.add(orphan.reason_id, at_most=1)
        if found:
            carry_out(steps, orphan.taken_id)
    if newcomer is None:
        return None
    found, steps = seating.add(newcomer, at_most=1)
    into = carry_out(steps, None) if found else None
    return free_seat(rooms[into]) if into else None
