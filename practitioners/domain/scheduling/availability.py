"""Computing free slots: the single place that does it.

Opening hours in local time, minus absences, public holidays and reservations, are cut into slots by
the visit reason's duration, buffers, minimum notice and horizon. The patient's page, the dashboard,
search and the partner API all call `free_slots` or `free_slots_of_many`.
"""

import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from practitioners.domain.scheduling.agenda_time import (
    AgendaTime,
    OpeningTime,
    Seat,
    load_agenda_times,
    needs_of,
)
from practitioners.domain.scheduling.reservations.pieces import (
    Period,
    are_free,
    of_session,
)
from practitioners.domain.scheduling.reservations.seating import Seating
from practitioners.domain.scheduling.rules import notice
from practitioners.domain.scheduling.wall_clock import (
    days_between,
    instant,
    occurs_on,
)
from practitioners.models import VisitReason
from practitioners.models.taken import SEATS_AN_OPENING


@dataclass(frozen=True)
class Slot:
    """A bookable start for a visit reason; `places` is how many more can be booked at it.

    `in_session`: it is one of a session's, and takes a seat there; otherwise it takes the
    practitioner's own time. Where both are offered from one hour to one other, it is a session's.
    """

    starts_at: datetime
    ends_at: datetime
    places: int = 1
    in_session: bool = field(default=False, compare=False)


def free_slots(
    *,
    visit_reason: VisitReason,
    since: datetime,
    until: datetime,
    now: datetime,
    online: bool = True,
    consecutive: int = 1,
    ignoring: uuid.UUID | None = None,
    holder: str = "",
) -> list[Slot]:
    """Return the free slots of a visit reason that start in [since, until), soonest first.

    With `online`, minimum notice and horizon apply, and the agenda and the visit reason must be
    offered online; these rules bind patients, not the practice. The reservation `ignoring` counts
    as free (when its appointment is being moved), and so do the holds of the key `holder`, which
    block only other visitors. With `consecutive` n > 1, `places` is the number of groups of n
    consecutive slots, possibly 0.
    """
    found = free_slots_of_many(
        visit_reasons=[visit_reason],
        since=since,
        until=until,
        now=now,
        online=online,
        ignoring=ignoring,
        holder=holder,
    )[visit_reason.pk]
    if consecutive == 1:
        return found
    gap = visit_reason.buffer_before_minutes + visit_reason.buffer_after_minutes
    return _in_a_row(found, consecutive, gap=timedelta(minutes=gap))


def free_slots_of_many(
    *,
    visit_reasons: Sequence[VisitReason],
    since: datetime,
    until: datetime,
    now: datetime,
    online: bool = True,
    ignoring: uuid.UUID | None = None,
    holder: str = "",
) -> dict[uuid.UUID, list[Slot]]:
    """Like `free_slots`, for many visit reasons of any agendas, in one query.

    Empty if the period ends before it begins.
    """
    if since >= until:
        return {reason.pk: [] for reason in visit_reasons}
    followers = _followers(visit_reasons)
    times = _times_of(
        [*visit_reasons, *followers.values()],
        since=since,
        until=until,
        now=now,
        ignoring=ignoring,
        holder=holder,
    )
    return {
        reason.pk: list(
            _offered(reason, times, followers, since=since, until=until, now=now, online=online)
        )
        for reason in visit_reasons
    }


def first_slots(
    *, visit_reasons: Sequence[VisitReason], now: datetime, days: int
) -> dict[uuid.UUID, Slot | None]:
    """Return the soonest online slot of each visit reason within `days`, or None."""
    until = now + timedelta(days=days)
    followers = _followers(visit_reasons)
    times = _times_of([*visit_reasons, *followers.values()], since=now, until=until, now=now)
    return {
        reason.pk: next(
            _offered(reason, times, followers, since=now, until=until, now=now, online=True), None
        )
        for reason in visit_reasons
    }


def following_starts(
    *,
    visit_reason: VisitReason,
    then: VisitReason,
    after: datetime,
    now: datetime,
    ignoring: uuid.UUID | None = None,
) -> list[datetime]:
    """Return when the follow-up visit of one that ends at `after` can start, soonest first."""
    until = after + timedelta(minutes=visit_reason.then_within_minutes, microseconds=1)
    found = free_slots(
        visit_reason=then, since=after, until=until, now=now, online=False, ignoring=ignoring
    )
    return [slot.starts_at for slot in found]


def _followers(visit_reasons: Iterable[VisitReason]) -> dict[uuid.UUID, VisitReason]:
    """The follow-up reasons of these visit reasons; no query if there are none."""
    ids = {reason.then_id for reason in visit_reasons if reason.then_id is not None}
    return VisitReason.objects.in_bulk(ids) if ids else {}


def _times_of(
    visit_reasons: Sequence[VisitReason],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    ignoring: uuid.UUID | None = None,
    holder: str = "",
) -> dict[uuid.UUID, AgendaTime]:
    return load_agenda_times(
        agenda_ids={reason.agenda_id for reason in visit_reasons},
        since=since,
        until=until,
        now=now,
        ignoring=ignoring,
        needs=needs_of(visit_reasons),
        holder=holder,
    )


def _offered(
    reason: VisitReason,
    times: dict[uuid.UUID, AgendaTime],
    followers: dict[uuid.UUID, VisitReason],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    online: bool,
) -> Iterator[Slot]:
    """The slots of a visit reason; if it has a follow-up reason, only those after which that one
    fits.
    """
    time = times[reason.agenda_id]
    window = _window(time, reason, since=since, until=until, now=now, online=online)
    slots = slots_of(time, reason, *window)
    if reason.then_id is None:
        yield from slots
        return
    then = followers.get(reason.then_id)
    if then is None:
        # It is in an agenda that the caller may not see, and so cannot book either.
        return
    within = timedelta(minutes=reason.then_within_minutes)
    until = window[1] + timedelta(days=1)
    starts = [slot.starts_at for slot in slots_of(times[then.agenda_id], then, window[0], until)]
    for slot in slots:
        at = bisect_left(starts, slot.ends_at)
        if at < len(starts) and starts[at] <= slot.ends_at + within:
            yield slot


def _window(
    agenda: AgendaTime,
    reason: VisitReason,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    online: bool,
) -> Period:
    if not online:
        return since, until
    if not (agenda.active and reason.active):
        return since, since
    return (
        max(since, notice.earliest(reason, now=now)),
        min(until, notice.end_of_horizon(reason, now=now)),
    )


def slots_of(
    agenda: AgendaTime, reason: VisitReason, since: datetime, until: datetime
) -> Iterator[Slot]:
    """Yield the free slots of one visit reason that start in [since, until), soonest first."""
    if since >= until:
        return
    serving = [(o, reasons) for o, reasons in agenda.openings if reason.pk in reasons]
    if not serving:
        return
    blocked = _merged(agenda.absences + agenda.own_time)
    absences = _merged(agenda.absences)
    for day in days_between(since, until, agenda.zone):
        if agenda.is_closed(day):
            continue
        # A session's come first: of two equal ones a set keeps the first.
        slots: set[Slot] = set()
        if any(o.slot_minutes is not None and occurs_on(o, day) for o, _ in serving):
            slots.update(_session_slots(agenda, reason, day, absences))
        consultations = [o for o, _ in serving if o.slot_minutes is None and occurs_on(o, day)]
        for opening in consultations:
            slots.update(_consultation_slots(opening, reason, day, agenda, blocked))
        yield from sorted(
            (s for s in slots if since <= s.starts_at < until),
            key=lambda slot: (slot.starts_at, slot.ends_at, not slot.in_session),
        )


def _consultation_slots(
    opening: OpeningTime, reason: VisitReason, day: date, agenda: AgendaTime, blocked: list[Period]
) -> Iterator[Slot]:
    """Cut one occurrence of opening hours for consultations on a grid that begins at their start.

    The grid does not depend on bookings, so moving one appointment never shifts another slot.
    Buffers may reach outside the opening hours, but not into blocked time.
    """
    duration = timedelta(minutes=reason.duration_minutes)
    before = timedelta(minutes=reason.buffer_before_minutes)
    after = timedelta(minutes=reason.buffer_after_minutes)
    starts_at = instant(day, opening.from_time, agenda.zone)
    closes = instant(day, opening.until_time, agenda.zone)
    ends = [period[1] for period in blocked]
    while starts_at + duration <= closes:
        ends_at = starts_at + duration
        first_after = bisect_left(ends, starts_at - before + timedelta.resolution)
        if (first_after == len(blocked) or blocked[first_after][0] >= ends_at + after) and (
            not agenda.pieces
            or are_free(agenda.pieces, reason.needs, (starts_at - before, ends_at + after))
        ):
            yield Slot(starts_at, ends_at)
        starts_at += before + duration + after


def session_cells(opening: OpeningTime, day: date, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the fixed slots of one occurrence of a session."""
    length = timedelta(minutes=cast(int, opening.slot_minutes))
    starts_at = instant(day, opening.from_time, zone)
    closes = instant(day, opening.until_time, zone)
    while starts_at + length <= closes:
        yield starts_at, starts_at + length
        starts_at += length


def _session_slots(
    agenda: AgendaTime, reason: VisitReason, day: date, absences: list[Period]
) -> Iterator[Slot]:
    cells = {
        cell
        for opening, reasons in agenda.openings
        if opening.slot_minutes is not None and reason.pk in reasons and occurs_on(opening, day)
        for cell in session_cells(opening, day, agenda.zone)
    }
    for cell in cells:
        if _overlaps_any(cell, absences):
            continue
        shared_by = of_session(reason.agenda_id, cell[0])
        if not are_free(agenda.pieces, reason.needs, cell, shared_by):
            continue
        seating, unseated = seating_at(agenda, cell, day)
        for orphan in unseated:
            seating.add(orphan.reason_id, at_most=1)
        places, _ = seating.add(reason.pk, at_most=SEATS_AN_OPENING * len(agenda.openings))
        if places:
            yield Slot(cell[0], cell[1], places, in_session=True)


def seating_at(agenda: AgendaTime, cell: Period, day: date) -> tuple[Seating, list[Seat]]:
    """Return the assignment of places at one session slot, and the bookings without a place."""
    rooms: dict[int, OpeningTime] = {}
    serves: dict[uuid.UUID, frozenset[uuid.UUID]] = {}
    for opening, reasons in agenda.openings:
        if (
            opening.slot_minutes is not None
            and occurs_on(opening, day)
            and cell in session_cells(opening, day, agenda.zone)
        ):
            rooms[opening.number] = opening
            serves[opening.pk] = reasons
    seating = Seating(serves=serves, free={o.pk: o.capacity for o in rooms.values()})
    unseated: list[Seat] = []
    for booked in agenda.seats:
        if not (booked.period[0] < cell[1] and cell[0] < booked.period[1]):
            continue
        room = rooms.get((booked.seat or 0) // SEATS_AN_OPENING) if booked.seat else None
        in_capacity = room is not None and (booked.seat or 0) % SEATS_AN_OPENING < room.capacity
        if booked.period != cell:
            # Booked before the session's slots were re-cut: its seat is not free either way.
            if room is not None and in_capacity and seating.free[room.pk]:
                seating.free[room.pk] -= 1
        elif room is not None and in_capacity and booked.reason_id in serves[room.pk]:
            seating.sit(booked.reason_id, room.pk)
        else:
            if room is not None and in_capacity and seating.free[room.pk]:
                seating.free[room.pk] -= 1
            unseated.append(booked)
    return seating, unseated


def _in_a_row(slots: list[Slot], consecutive: int, *, gap: timedelta) -> list[Slot]:
    """Turn places into groups of `consecutive` slots of equal length, one right after another.

    Between two of them are the visit reason's buffers, as on the grid; a session has none.
    """
    at = {(slot.starts_at, slot.ends_at - slot.starts_at): slot for slot in slots}
    found = []
    for slot in slots:
        row = row_from(slot, at, consecutive, gap=gap)
        places = min(each.places for each in row) if len(row) == consecutive else 0
        found.append(replace(slot, places=places))
    return found


def row_from(
    slot: Slot, at: dict[tuple[datetime, timedelta], Slot], count: int, *, gap: timedelta
) -> list[Slot]:
    """A slot and the slots right after it, at most `count`."""
    row = [slot]
    while len(row) < count:
        last = row[-1]
        length = last.ends_at - last.starts_at
        following = at.get((last.ends_at, length)) or at.get((last.ends_at + gap, length))
        if following is None:
            break
        row.append(following)
    return row


def _merged(periods: Iterable[Period]) -> list[Period]:
    merged: list[Period] = []
    for begins, ends in sorted(periods):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return merged


def _overlaps_any(cell: Period, periods: list[Period]) -> bool:
    return any(begins < cell[1] and cell[0] < ends for begins, ends in periods)
