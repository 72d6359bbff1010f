"""The time of agendas as availability sees it: openings, absences, and what is taken."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from practitioners.domain.scheduling.reservations.pieces import (
    Period,
    Pieces,
    load_pieces,
)
from practitioners.domain.scheduling.wall_clock import (
    is_public_holiday,
)
from practitioners.models import VisitReason
from practitioners.models.directory import department_of
from practitioners.models.taken import SEATS_AN_OPENING


@dataclass(frozen=True)
class Seat:
    """A reserved place of a session, or a booking without a place (`seat` None)."""

    taken_id: uuid.UUID
    reason_id: uuid.UUID
    period: Period
    seat: int | None


@dataclass(frozen=True, slots=True)
class OpeningTime:
    """The opening hours that availability needs, with the names of the model's fields."""

    pk: uuid.UUID
    number: int
    starts_on: date
    until_date: date | None
    every_weeks: int
    from_time: time
    until_time: time
    capacity: int
    slot_minutes: int | None


@dataclass
class AgendaTime:
    """Everything that one agenda's availability depends on in a period, loaded from the rows."""

    zone: ZoneInfo
    department: str
    open_on_holidays: bool
    active: bool = True
    openings: list[tuple[OpeningTime, frozenset[uuid.UUID]]] = field(default_factory=list)
    absences: list[Period] = field(default_factory=list)
    own_time: list[Period] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    pieces: Pieces = field(default_factory=dict)

    def is_closed(self, day: date) -> bool:
        return not self.open_on_holidays and is_public_holiday(day, self.department)


# Plain SQL: this runs for every slot shown and every booking made, and building model rows
# would cost several times what PostgreSQL needs to find them (bench/availability.py). One
# statement, since a booking waits for each answer, and since all of it is then true at one
# instant. An opening has its id in the second column; an absence has the seat -1.
_ABSENCE_SEAT = -1


_TIMES = """
    SELECT o.agenda_id, o.id,
           NULL::int, NULL::uuid, NULL::uuid, NULL::timestamptz, NULL::timestamptz,
           p.time_zone, coalesce(p.commune_id, p.postcode), a.open_on_holidays, a.active,
           o.number, o.starts_on, o.until_date, o.every_weeks,
           o.from_time, o.until_time, o.capacity, o.slot_minutes,
           (SELECT array_agg(r.visitreason_id) FROM practitioners_opening_visit_reasons r
            WHERE r.opening_id = o.id)
    FROM practitioners_opening o
    JOIN practitioners_agenda a ON a.id = o.agenda_id
    JOIN practitioners_practice p ON p.id = a.practice_id
    WHERE o.agenda_id = ANY(%(ids)s) AND o.starts_on <= %(last_day)s
      AND (o.until_date IS NULL OR o.until_date > %(first_day)s)
    UNION ALL
    SELECT agenda_id, NULL, -1, NULL, NULL, starts_at, until,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM practitioners_absence
    WHERE agenda_id = ANY(%(ids)s) AND starts_at < %(upper)s AND until > %(lower)s
    UNION ALL
    SELECT agenda_id, NULL, seat, id, visit_reason_id, lower(period), upper(period),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM practitioners_taken
    WHERE agenda_id = ANY(%(ids)s) AND period && tstzrange(%(lower)s, %(upper)s)
      AND (hold_until IS NULL
           OR (hold_until > %(now)s AND (%(holder)s = '' OR hold_key <> %(holder)s)))
"""


def load_agenda_times(
    *,
    agenda_ids: Iterable[uuid.UUID],
    since: datetime,
    until: datetime,
    now: datetime,
    ignoring: uuid.UUID | None = None,
    needs: Iterable[uuid.UUID] = (),
    holder: str = "",
) -> dict[uuid.UUID, AgendaTime]:
    """Load the opening hours, absences and reservations of agendas that matter in [since, until).

    `needs` are the resources whose uses are loaded as well, with one more query if there are any.
    Expired holds count as free, and so do those of the key `holder`. A margin of a day covers slots
    that started before `since`.
    """
    ids = list(agenda_ids)
    lower, upper = since - timedelta(days=1), until + timedelta(days=1)
    given: dict[str, Any] = {
        "ids": ids,
        "lower": lower,
        "upper": upper,
        "first_day": lower.date(),
        "last_day": upper.date(),
        "now": now,
        "holder": holder,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, given)
        rows = cursor.fetchall()
    times = _read(rows, ignoring=ignoring)
    pieces = load_pieces(
        resource_ids=needs, since=lower, until=upper, now=now, ignoring=ignoring, holder=holder
    )
    for found in times.values():
        found.pieces = pieces
    nothing = AgendaTime(zone=ZoneInfo("UTC"), department="", open_on_holidays=True)
    return {agenda_id: times.get(agenda_id, nothing) for agenda_id in ids}


def _read(
    rows: Iterable[Sequence[Any]], *, ignoring: uuid.UUID | None
) -> dict[uuid.UUID, AgendaTime]:
    """Sort the rows of _TIMES by agenda; what is taken under the id `ignoring` is left out."""
    times: dict[uuid.UUID, AgendaTime] = {}
    not_free = []
    for agenda_id, opening_id, seat, taken_id, reason_id, begins, ends, *opening in rows:
        if opening_id is None:
            not_free.append((agenda_id, seat, taken_id, reason_id, (begins, ends)))
            continue
        zone, commune, holidays, active, *values, reasons = opening
        found = times.get(agenda_id)
        if found is None:
            found = times[agenda_id] = AgendaTime(
                zone=ZoneInfo(zone),
                department=department_of(commune),
                open_on_holidays=holidays,
                active=active,
            )
        found.openings.append((OpeningTime(opening_id, *values), frozenset(reasons or ())))
    for found in times.values():
        found.openings.sort(key=lambda pair: (pair[0].starts_on, pair[0].from_time, pair[0].number))
    for agenda_id, seat, taken_id, reason_id, period in not_free:
        if agenda_id not in times or (ignoring is not None and taken_id == ignoring):
            continue
        if seat == _ABSENCE_SEAT:
            times[agenda_id].absences.append(period)
        elif seat is not None and 0 <= seat < SEATS_AN_OPENING:
            times[agenda_id].own_time.append(period)
        else:
            times[agenda_id].seats.append(Seat(taken_id, reason_id, period, seat))
    return times


def needs_of(visit_reasons: Iterable[VisitReason]) -> set[uuid.UUID]:
    """The resources that any of these visit reasons needs."""
    return {need for reason in visit_reasons for need in reason.needs}
