"""The agenda as a grid: columns of agendas or days, with what stands in them."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from audit.record.entries import Actor
from audit.vault.reveal import Purpose
from booking.appointments.queries.appointments import RELATED, Shown, show, with_related
from booking.dashboard.queries.absence_words import place_words
from booking.dashboard.queries.blocks import AwayFor, Block
from practitioners.domain.scheduling import agenda_time, wall_clock
from practitioners.domain.scheduling.agenda_time import AgendaTime, OpeningTime
from practitioners.domain.scheduling.standing import by_preference, free_by_opening
from practitioners.domain.staff.substitutes import between
from practitioners.models import Absence, Agenda, VisitReason

STEP_MINUTES = 5
FIRST_HOUR, LAST_HOUR = 8, 19


@dataclass(kw_only=True)
class Column:
    """One agenda on one day."""

    agenda: Agenda
    day: date
    is_holiday: bool
    substitute: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(kw_only=True)
class Grid:
    """Columns on a common scale of hours."""

    columns: list[Column]
    first_hour: int
    last_hour: int

    @property
    def hours(self) -> list[tuple[int, int]]:
        """Each full hour with the row at which it stands."""
        steps = 60 // STEP_MINUTES
        return [
            (hour, (hour - self.first_hour) * steps + 1)
            for hour in range(self.first_hour, self.last_hour)
        ]

    @property
    def rows(self) -> int:
        return (self.last_hour - self.first_hour) * 60 // STEP_MINUTES


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What the columns of a grid are filled with."""

    shown: list[Shown]
    reasons: dict[uuid.UUID, list[VisitReason]]
    times: dict[uuid.UUID, AgendaTime]
    substitutes: dict[tuple[uuid.UUID, date], str]
    labels: dict[AwayFor, list[str]]


def build_grid(
    *, agendas: list[Agenda], days: list[date], actor: Actor | None, now: datetime
) -> Grid:
    """Build the grid of some agendas on some days; the names are revealed in one entry.

    Without an actor nothing is revealed, and the visits stand without names.
    """
    content = _load(agendas=agendas, days=days, actor=actor, now=now)
    first_hour, last_hour = _hours(content, agendas[0].practice.zone)
    grid = Grid(columns=[], first_hour=first_hour, last_hour=last_hour)
    for day in days:
        for agenda in agendas:
            column = Column(
                agenda=agenda,
                day=day,
                is_holiday=wall_clock.is_public_holiday(day, agenda.practice.department),
                substitute=content.substitutes.get((agenda.pk, day), ""),
            )
            column.blocks = _blocks(grid, content, agenda, day, now=now)
            grid.columns.append(column)
    return grid


def _load(
    *, agendas: list[Agenda], days: list[date], actor: Actor | None, now: datetime
) -> _Content:
    zone = agendas[0].practice.zone
    since = wall_clock.day_bounds(days[0], zone)[0]
    until = wall_clock.day_bounds(days[-1], zone)[1]
    ids = [agenda.pk for agenda in agendas]
    rows = list(
        with_related()
        .select_related("taken", *RELATED)
        .filter(agenda_id__in=ids, starts_at__lt=until, ends_at__gt=since)
        .exclude(status="cancelled")
        .order_by("starts_at", "pk")
    )
    shown = (
        show(rows, actor=actor, purpose=Purpose.CARE)
        if actor is not None
        else [Shown(appointment=row, name="") for row in rows]
    )
    reasons: dict[uuid.UUID, list[VisitReason]] = {}
    for reason in by_preference(ids):
        reasons.setdefault(reason.agenda_id, []).append(reason)
    times = agenda_time.load_agenda_times(
        agenda_ids=ids,
        since=since,
        until=until,
        now=now,
        needs=agenda_time.needs_of(reason for some in reasons.values() for reason in some),
    )
    away = {
        (row.agenda_id, day): row.name
        for row in between(agendas=agendas, since=days[0], until=days[-1])
        for day in days
        if row.since <= day <= row.until
    }
    labels = _labels(ids, since=since, until=until)
    return _Content(shown=shown, reasons=reasons, times=times, substitutes=away, labels=labels)


def _hours(content: _Content, zone: ZoneInfo) -> tuple[int, int]:
    """The first hour of the scale and its end, with all visits and opening hours within."""
    first, last = FIRST_HOUR, LAST_HOUR
    for each in content.shown:
        first = min(first, each.appointment.starts_at.astimezone(zone).hour)
        last = max(last, each.appointment.ends_at.astimezone(zone).hour + 1)
    for time in content.times.values():
        for opening, _reasons in time.openings:
            first = min(first, opening.from_time.hour)
            last = max(last, opening.until_time.hour + bool(opening.until_time.minute))
    return first, min(last, 24)


def _blocks(
    grid: Grid, content: _Content, agenda: Agenda, day: date, *, now: datetime
) -> list[Block]:
    """What stands in the column of an agenda on a day."""
    zone = agenda.practice.zone
    time = content.times[agenda.pk]
    begins, ends = wall_clock.day_bounds(day, zone)
    blocks: list[Block] = []
    if not time.is_closed(day):
        blocks += [
            _opening_block(grid, opening)
            for opening, _reasons in time.openings
            if wall_clock.occurs_on(opening, day)
        ]
    blocks += _absence_blocks(grid, content, agenda, day)
    for reason, slot in free_by_opening(
        time, content.reasons.get(agenda.pk, []), since=max(begins, now), until=ends
    ):
        free = _block(grid, "free", day, (slot.starts_at, slot.ends_at), zone)
        blocks.append(replace(free, reason=reason))
    blocks += [
        _block(grid, "visit", day, (s.appointment.starts_at, s.appointment.ends_at), zone, s)
        for s in content.shown
        if s.appointment.agenda_id == agenda.pk and begins <= s.appointment.starts_at < ends
    ]
    return place_words(blocks)


def _absence_blocks(grid: Grid, content: _Content, agenda: Agenda, day: date) -> list[Block]:
    zone = agenda.practice.zone
    begins, ends = wall_clock.day_bounds(day, zone)
    blocks: list[Block] = []
    for absent_from, absent_until in content.times[agenda.pk].absences:
        if absent_from < ends and begins < absent_until:
            away_for = (max(absent_from, begins), min(absent_until, ends))
            block = _block(grid, "absence", day, away_for, zone)
            key = (agenda.pk, absent_from, absent_until)
            # Two over the same time: each says one of the labels.
            same = content.labels.get(key, [])
            nth = sum(each.away_for == key for each in blocks)
            label = same[nth] if nth < len(same) else ""
            blocks.append(replace(block, label=label, away_for=key))
    return blocks


def _labels(
    agenda_ids: list[uuid.UUID], *, since: datetime, until: datetime
) -> dict[AwayFor, list[str]]:
    """What the practice calls its absences, by agenda and time; of imported ones nothing."""
    rows = Absence.objects.filter(
        agenda__in=agenda_ids, starts_at__lt=until, until__gt=since, imported_from__isnull=True
    ).exclude(label="")
    found: dict[AwayFor, list[str]] = {}
    for row in rows.order_by("pk"):
        found.setdefault((row.agenda_id, row.starts_at, row.until), []).append(row.label)
    return found


def _rows(grid: Grid, begins_minutes: int, ends_minutes: int) -> tuple[int, int]:
    lower, upper = grid.first_hour * 60, grid.last_hour * 60
    begins = max(begins_minutes, lower)
    ends = max(min(ends_minutes, upper), begins + STEP_MINUTES)
    return (begins - lower) // STEP_MINUTES + 1, max(1, (ends - begins) // STEP_MINUTES)


def _opening_block(grid: Grid, opening: OpeningTime) -> Block:
    row, span = _rows(
        grid,
        opening.from_time.hour * 60 + opening.from_time.minute,
        opening.until_time.hour * 60 + opening.until_time.minute,
    )
    return Block(kind="opening", row=row, span=span)


def _block(
    grid: Grid,
    kind: str,
    day: date,
    period: tuple[datetime, datetime],
    zone: object,
    shown: Shown | None = None,
) -> Block:
    begins, ends = (at.astimezone(zone) for at in period)  # type: ignore[arg-type]
    begins_minutes = begins.hour * 60 + begins.minute
    # Until midnight is 24:00 of the same day.
    ends_minutes = ends.hour * 60 + ends.minute + (1440 if ends.date() > day else 0)
    row, span = _rows(grid, begins_minutes, ends_minutes)
    return Block(kind=kind, row=row, span=span, shown=shown, starts_at=period[0])


def week_of(day: date) -> list[date]:
    """The seven days of the week of `day`, Monday first."""
    monday = wall_clock.monday_of(day)
    return [monday + timedelta(days=n) for n in range(7)]


__all__ = ["Block", "Column", "Grid", "build_grid", "week_of"]
