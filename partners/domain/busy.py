"""Reading the busy times of an external calendar (RFC 5545), and nothing else of it.

Recurrence, exceptions and time zones are those of the recurring-ical-events and icalendar packages.
Titles of events are never read.

A calendar may be crafted to exhaust its reader, so external calendars are read in a separate
process with limits on time and memory: `read_apart`.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from practitioners.domain.calendar_events import NoCalendar, mended

Period = tuple[datetime, datetime]
MOST_EVENTS = 20_000
MOST_PERIODS = 5_000
A_DAY = timedelta(days=1)
# An event that happens more often a day is no person's appointment, but a way to keep us busy.
MOST_A_DAY = 48
# Our own feeds name their events so: an agenda must not be busy because of itself.
OWN_UID = "@doctolib"
_A_DAY = {
    "SECONDLY": 86400, "MINUTELY": 1440, "HOURLY": 24, "DAILY": 1, "WEEKLY": 1, "MONTHLY": 1,
    "YEARLY": 1,
}  # fmt: skip


SECONDS_APART, MEMORY_APART = 10, 1 << 30


class Unreadable(Exception):
    """The text is not a calendar, or cannot be read; `args[0]` is the kind of problem.

    The kinds: "not a calendar", "too much".
    """


@dataclass(frozen=True, kw_only=True)
class Busy:
    """Busy times, in UTC, in order and without overlaps.

    `complete` is false if something was left out: an event without a time, or a series whose rule
    cannot be understood. `events` is their number, at any time.
    """

    periods: list[Period]
    complete: bool
    events: int


def busy_periods(text: bytes, *, since: datetime, until: datetime, zone: ZoneInfo) -> Busy:
    """Return the busy time in [since, until).

    Floating times and whole days are in `zone`. Free (TRANSPARENT) and cancelled events, to-dos,
    and events without a length do not count as busy. If the end is before the start, the two are
    swapped, as calendar programs do. Raises Unreadable.
    """
    calendars, complete = _calendars(text)
    periods: list[Period] = []
    events = sum(len(calendar.walk("VEVENT")) for calendar in calendars)
    for calendar in calendars:
        complete = _drop_broken(calendar) and complete
        _check_size(calendar)
        found, all_of_it = _occurrences(calendar, since - A_DAY, until + A_DAY)
        complete = complete and all_of_it
        for event in found:
            period = _period_of(event, zone)
            if period is not None and period[0] < until and since < period[1]:
                periods.append((max(period[0], since), min(period[1], until)))
    merged = _merged(periods)
    if len(merged) > MOST_PERIODS:
        raise Unreadable("too much")
    return Busy(periods=merged, complete=complete, events=events)


def _calendars(text: bytes) -> tuple[list[Calendar], bool]:
    """The calendars of a file, and whether all of it could be read. Raises Unreadable."""
    try:
        found = [c for c in Calendar.from_ical(text, multiple=True) if isinstance(c, Calendar)]
    except Exception:  # the parser fails in as many ways as texts can be wrong
        try:
            calendar, complete = mended(text.decode("utf-8-sig", errors="replace"))
        except NoCalendar as error:
            raise Unreadable("not a calendar") from error
        if not calendar.walk("VEVENT") and complete:
            # Its first line alone is a calendar's.
            raise Unreadable("not a calendar") from None
        return [calendar], complete
    if not found:
        raise Unreadable("not a calendar")
    return found, True


def _drop_broken(calendar: Calendar) -> bool:
    """Leave out events without a time; return whether there was none."""
    broken = {id(event) for event in calendar.walk("VEVENT") if not _is_sound(event)}
    calendar.subcomponents = [each for each in calendar.subcomponents if id(each) not in broken]
    return not broken


def _is_sound(event: Any) -> bool:
    try:
        starts = event["DTSTART"].dt
        times = [event[name].dt for name in ("DTEND", "DURATION") if name in event]
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            rule.get("FREQ")
    except Exception:  # a property may be wrong in as many ways as a text
        return False
    return isinstance(starts, date) and all(isinstance(at, date | timedelta) for at in times)


def _occurrences(calendar: Calendar, since: datetime, until: datetime) -> tuple[list[Event], bool]:
    """The events of a period, and whether every series was understood."""
    for skip_bad_series in (False, True):
        try:
            found = recurring_ical_events.of(
                calendar, components=["VEVENT"], skip_bad_series=skip_bad_series
            ).between(since, until)
        except Exception as error:  # here, too: the rules are the calendar's
            if skip_bad_series:
                raise Unreadable("not a calendar") from error
        else:
            return list(found), not skip_bad_series
    raise AssertionError


def _check_size(calendar: Calendar) -> None:
    events = list(calendar.walk("VEVENT"))
    if len(events) > MOST_EVENTS:
        raise Unreadable("too much")
    for event in events:
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            frequency = str((rule.get("FREQ") or ["DAILY"])[0]).upper()
            times = _A_DAY.get(frequency, 1)
            for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
                times *= max(1, len(rule.get(part) or ()))
            if times > MOST_A_DAY:
                raise Unreadable("too much")


def _period_of(event: Event, zone: ZoneInfo) -> Period | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return None
    if OWN_UID in str(event.get("UID", "")):
        return None
    first, last = event.get("DTSTART"), event.get("DTEND")
    starts_at = _instant(first.dt, zone)
    ends_at = _instant(last.dt, zone) if last is not None else starts_at
    if starts_at == ends_at and not isinstance(first.dt, datetime):
        # Whole days that end on the day they start: one day, as calendar programs show it.
        ends_at = _instant(first.dt + A_DAY, zone)
    if ends_at < starts_at:
        starts_at, ends_at = ends_at, starts_at
    return None if starts_at == ends_at else (starts_at, ends_at)


def _instant(at: Any, zone: ZoneInfo) -> datetime:
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    assert isinstance(at, date)  # noqa: S101 - RFC 5545 section 3.8.2.4 knows no third
    return datetime.combine(at, time.min, tzinfo=zone).astimezone(UTC)


def _merged(periods: Iterable[Period]) -> list[Period]:
    merged: list[Period] = []
    for starts_at, ends_at in sorted(periods):
        if merged and starts_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends_at))
        else:
            merged.append((starts_at, ends_at))
    return merged


def read_apart(text: bytes, *, since: datetime, until: datetime, zone: ZoneInfo) -> Busy:
    """`busy_periods` in a separate process, limited to ten seconds and a gigabyte.

    Raises Unreadable.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", __name__, since.isoformat(), until.isoformat(), zone.key],
            input=text,
            capture_output=True,
            timeout=SECONDS_APART,
            cwd=Path(__file__).parents[2],
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable("too much") from error
    if done.returncode:
        raise Unreadable("too much")
    answer = json.loads(done.stdout)
    if "problem" in answer:
        raise Unreadable(answer["problem"])
    return Busy(
        periods=[
            (datetime.fromisoformat(first), datetime.fromisoformat(last))
            for first, last in answer["periods"]
        ],
        complete=answer["complete"],
        events=answer["events"],
    )


def main(since: str, until: str, zone: str) -> None:
    """The process of `read_apart`: reads a calendar on standard input, writes JSON to standard
    output.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_APART, MEMORY_APART))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_APART, SECONDS_APART))
    try:
        busy = busy_periods(
            sys.stdin.buffer.read(),
            since=datetime.fromisoformat(since),
            until=datetime.fromisoformat(until),
            zone=ZoneInfo(zone),
        )
    except Unreadable as error:
        answer: dict[str, Any] = {"problem": error.args[0]}
    else:
        periods = [[first.isoformat(), last.isoformat()] for first, last in busy.periods]
        answer = {"periods": periods, "complete": busy.complete, "events": busy.events}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
