"""Local time of a practice: recurrence, daylight saving, public holidays, and conversion to
instants.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays

# Departments whose public holidays differ from the mainland's: Alsace-Moselle (code local,
# ordonnance du 16 août 1892) and the overseas departments' abolition days (loi 83-550).
# Names are those of the `holidays` package.
_HOLIDAY_SUBDIVISIONS = {"57": "57", "67": "6AE", "68": "6AE"} | {
    code: code for code in ("971", "972", "973", "974", "976")
}


# Outside of these nobody means the date: a slip of the pen, or somebody trying the door.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


def read_instant(text: str) -> datetime | None:
    """Read an RFC 3339 instant between FIRST_DAY and LAST_DAY; None for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo and FIRST_DAY <= at.date() < LAST_DAY else None


def read_day(text: str) -> date | None:
    """Read a date like 2026-11-24 between FIRST_DAY and LAST_DAY; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day < LAST_DAY else None


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the clock of `zone` shows `at` on `day`.

    A time that the clock skips in spring is read with the offset before the change, and so falls
    after it; of a time that occurs twice in autumn, the first is meant (PEP 495).
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def monday_of(day: date) -> date:
    """The Monday of the week that contains `day`."""
    return day - timedelta(days=day.weekday())


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the UTC instants between which `day` lies in `zone`: 23, 24 or 25 hours."""
    return instant(day, time.min, zone), instant(day + timedelta(days=1), time.min, zone)


class Recurs(Protocol):
    """The fields that recurrence depends on: of a model row, or of what availability loaded."""

    @property
    def starts_on(self) -> date: ...
    @property
    def until_date(self) -> date | None: ...
    @property
    def every_weeks(self) -> int: ...


def occurs_on(opening: Recurs, day: date) -> bool:
    """Whether `day` is part of the recurrence."""
    if day < opening.starts_on or (opening.until_date and day >= opening.until_date):
        return False
    if opening.every_weeks == 0:
        return day == opening.starts_on
    weeks, rest = divmod((day - opening.starts_on).days, 7)
    return rest == 0 and weeks % opening.every_weeks == 0


@lru_cache(maxsize=512)
def public_holidays(department: str, year: int) -> frozenset[date]:
    """Return the public holidays of a French department in a year."""
    subdivision = _HOLIDAY_SUBDIVISIONS.get(department)
    return frozenset(holidays.France(subdiv=subdivision, years=year).keys())


def is_public_holiday(day: date, department: str) -> bool:
    """Whether `day` is a public holiday there; Alsace-Moselle and overseas included."""
    return day in public_holidays(department, day.year)


def days_between(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Yield each local day that [since, until) touches."""
    day = since.astimezone(zone).date()
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)
