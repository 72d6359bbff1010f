"""Calendar files (RFC 5545) read event by event: one that cannot be read costs itself alone.

The icalendar package refuses a whole file for one line that it cannot read. Calendars of other
programs hold such lines: they are taken apart before, and what is no event is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from icalendar import Calendar, Component

_LINE = re.compile(r"(?P<name>[\w-]+)(?P<parameters>;[^:]*)?:(?P<value>.*)", re.DOTALL)
_ZONE, _EVENT = "VTIMEZONE", "VEVENT"


class NoCalendar(Exception):
    """The text is no calendar at all."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """An event as it was written: its own lines, unfolded, without the components inside it.

    `is_whole`: whether its end is there.
    """

    lines: list[str]
    is_whole: bool

    def raw(self, name: str) -> str:
        """The first value of a property as it stands; empty where there is none."""
        for line in self.lines:
            found = _LINE.fullmatch(line)
            if found is not None and found["name"].upper() == name:
                return found["value"].strip()
        return ""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a file holds: its events, the time zones that they name, and the zone of the whole."""

    header: list[str] = field(default_factory=list)
    events: list[Apart] = field(default_factory=list)
    zones: list[list[str]] = field(default_factory=list)


def take_apart(text: str) -> Parts:
    """Split a calendar file into its events and time zones. Raises NoCalendar."""
    lines = re.sub(r"\r?\n[ \t]", "", text.lstrip("\ufeff")).splitlines()
    lines = [line for line in lines if line.strip()]
    if not any(line.strip().upper() == "BEGIN:VCALENDAR" for line in lines):
        raise NoCalendar
    parts = Parts()
    own: list[str] | None = None
    zone: list[str] | None = None
    inside: list[str] = []
    for line in lines:
        key, _colon, value = line.strip().upper().partition(":")
        if zone is not None:
            zone.append(line)
            if (key, value) == ("END", _ZONE):
                parts.zones.append(zone)
                zone = None
        elif own is None:
            if (key, value) == ("BEGIN", _ZONE):
                zone = [line]
            elif (key, value) == ("BEGIN", _EVENT):
                own, inside = [], []
            elif key == "X-WR-TIMEZONE":
                parts.header.append(line)
        elif key == "END" and value in (_EVENT, "VCALENDAR"):
            parts.events.append(Apart(lines=own, is_whole=value == _EVENT))
            own = None
        elif (key, value) == ("BEGIN", _EVENT):
            parts.events.append(Apart(lines=own, is_whole=False))
            own, inside = [], []
        elif key == "BEGIN":
            inside.append(value)
        elif inside:
            inside = inside[:-1] if key == "END" else inside
        else:
            own.append(line)
    if own is not None:
        parts.events.append(Apart(lines=own, is_whole=False))
    return parts


def mended(text: str) -> tuple[Calendar, bool]:
    """A calendar of the events that can be read, and whether these are all. Raises NoCalendar."""
    every = take_apart(text)
    parts = _readable(every)
    good = [apart for apart, event in read_events(parts) if event is not None and apart.is_whole]
    is_whole = (len(good), parts.zones) == (len(parts.events), every.zones)
    return _calendar(parts, good), is_whole


def read_events(parts: Parts) -> Iterator[tuple[Apart, Component | None]]:
    """Each event with what it says; None for one that cannot be read.

    All of them are read at once where that is possible, which is much quicker.
    """
    try:
        found = list(_calendar(parts, parts.events).walk(_EVENT))
    except Exception:  # the parser fails in as many ways as texts can be wrong
        found = []
    if len(found) == len(parts.events):
        yield from zip(parts.events, found, strict=True)
        return
    parts = _readable(parts)
    for apart in parts.events:
        try:
            yield apart, _calendar(parts, [apart]).walk(_EVENT)[0]
        except Exception:  # as above
            yield apart, None


def _readable(parts: Parts) -> Parts:
    """The same without those time zones that cannot be read, which would cost every event."""
    return Parts(
        header=[line for line in parts.header if _is_readable(Parts(header=[line]))],
        events=parts.events,
        zones=[zone for zone in parts.zones if _is_readable(Parts(zones=[zone]))],
    )


def _is_readable(parts: Parts) -> bool:
    try:
        _calendar(parts, [])
    except Exception:  # as in read_events
        return False
    return True


def _calendar(parts: Parts, events: list[Apart]) -> Calendar:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//doctolib//", *parts.header]
    for zone in parts.zones:
        lines += zone
    for apart in events:
        lines += [f"BEGIN:{_EVENT}", *apart.lines, f"END:{_EVENT}"]
    lines.append("END:VCALENDAR")
    calendar = Calendar.from_ical("\r\n".join(lines) + "\r\n")
    assert isinstance(calendar, Calendar)  # noqa: S101 - as written above
    return calendar
