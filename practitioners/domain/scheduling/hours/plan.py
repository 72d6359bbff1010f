"""The opening hours of an agenda as its page lists them: recurring ones once with their dates,
then the weeks that differ.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from practitioners.domain.scheduling.wall_clock import monday_of
from practitioners.models import Opening


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The first and last day of a recurrence; None if it has already begun, or has no end."""

    opening: Opening
    first: date | None
    last: date | None


@dataclass(frozen=True, kw_only=True)
class Recurring:
    """Opening hours that differ only in their dates: one recurrence with pauses."""

    stretches: list[Stretch] = field(default_factory=list)

    @property
    def opening(self) -> Opening:
        """The earliest of them."""
        return self.stretches[0].opening


@dataclass(frozen=True, kw_only=True)
class Week:
    """A week with opening hours of its own, soonest first."""

    monday: date
    openings: list[Opening] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The content of an agenda's page: recurring opening hours by weekday, then the weeks that
    differ.
    """

    recurring: list[Recurring]
    weeks: list[Week]


def plan_of(openings: Iterable[Opening], *, today: date) -> Plan:
    """List opening hours, given with their visit reasons; past ones are left out.

    `today` is the day in the practice's local time.
    """
    groups: dict[tuple[object, ...], Recurring] = {}
    weeks: dict[date, Week] = {}
    for row in sorted(openings, key=lambda each: (each.starts_on, each.from_time, each.number)):
        if row.every_weeks == 0:
            if row.starts_on >= today:
                monday = monday_of(row.starts_on)
                weeks.setdefault(monday, Week(monday=monday)).openings.append(row)
        elif row.until_date is None or row.until_date > today:
            group = groups.setdefault(_shape(row), Recurring())
            group.stretches.append(_stretch(row, today=today))
    by_weekday = sorted(
        groups.values(),
        key=lambda each: (
            each.opening.starts_on.weekday(),
            each.opening.from_time,
            each.opening.starts_on,
        ),
    )
    return Plan(recurring=by_weekday, weeks=[weeks[monday] for monday in sorted(weeks)])


def _stretch(row: Opening, *, today: date) -> Stretch:
    return Stretch(
        opening=row,
        first=row.starts_on if row.starts_on > today else None,
        last=row.until_date - timedelta(days=1) if row.until_date else None,
    )


def _shape(row: Opening) -> tuple[object, ...]:
    reasons: frozenset[uuid.UUID] = frozenset(each.pk for each in row.visit_reasons.all())
    return (
        row.starts_on.weekday(),
        row.from_time,
        row.until_time,
        row.every_weeks,
        row.capacity,
        row.slot_minutes,
        reasons,
    )
