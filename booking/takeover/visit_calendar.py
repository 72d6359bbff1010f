"""An agenda as a calendar file (RFC 5545), made the table that patient_file reads.

Software that exports no table exports this. What an event is called names the patient, and
telephone and birth date stand where people write them. What cannot be read is refused as a line
of the table, and comes back as a table to complete.
"""

import csv
import io
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Component

from booking.takeover.patient_file import LARGEST_BYTES, MOST_LINES, UnreadableFile, text_of
from practitioners.domain.calendar_events import Apart, NoCalendar, read_events, take_apart

HEADER = (
    "Nom", "Prénom", "Date de naissance", "Téléphone", "E-mail", "Début", "Durée", "Motif",
    "Intitulé",
)  # fmt: skip
_PHONE = re.compile(r"(?:\+33 ?|0)[1-9](?:[ .-]?\d\d){4}")
# With slashes alone where the year has two digits: a telephone number has points or spaces.
_BORN = re.compile(r"(?<![\d/])\d{1,2}(?:[/.-]\d{1,2}[/.-](?:19|20)\d\d|/\d{1,2}/\d\d)(?![\d/])")
# Looked for from the beginning of a word alone, so that a long one is read once.
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TITLES = {"m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle", "enfant", "dr"}


class Unreadable(Exception):
    """An event does not say when it is."""


def is_calendar(content: bytes) -> bool:
    """Whether a file says of itself that it is a calendar."""
    return content.lstrip(b"\xef\xbb\xbf\r\n ").upper().startswith(b"BEGIN:VCALENDAR")


def as_table(content: bytes, *, zone: ZoneInfo) -> tuple[str, int]:
    """Write a calendar's events as a CSV table; times in the wall clock of `zone`.

    Returns how many of them are no visits as well.

    Whole days, cancelled events and free ones are no visits. An event that cannot be read is a line
    with what stands there, which is refused like any other line. Raises UnreadableFile.
    """
    if len(content) > LARGEST_BYTES:
        raise UnreadableFile(UnreadableFile.too_many_events)
    if b"\x00" in content:
        raise UnreadableFile(UnreadableFile.no_calendar)
    try:
        parts = take_apart(text_of(content))
    except NoCalendar as error:
        raise UnreadableFile(UnreadableFile.no_calendar) from error
    if len(parts.events) > MOST_LINES:
        raise UnreadableFile(UnreadableFile.too_many_events)
    events = [_row(apart, event, zone) for apart, event in read_events(parts)]
    rows = [row for row in events if row is not None]
    if not rows:
        raise UnreadableFile(UnreadableFile.no_events)
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([HEADER, *rows])
    return out.getvalue(), len(events) - len(rows)


def _row(apart: Apart, event: Component | None, zone: ZoneInfo) -> list[str] | None:
    """An event as a line; None for one that is no visit."""
    try:
        if event is None or not apart.is_whole:
            raise Unreadable
        return _read(event, zone)
    except Exception:  # a property may be wrong in as many ways as a text
        return _as_it_stands(apart)


def _read(event: Any, zone: ZoneInfo) -> list[str] | None:
    """An event's line. Raises Unreadable, and whatever a broken property raises."""
    starts, ends = event.get("DTSTART"), event.get("DTEND")
    if starts is None:
        raise Unreadable
    begins = starts.dt
    if isinstance(begins, date) and not isinstance(begins, datetime):
        return None
    if event.get("STATUS") == "CANCELLED" or event.get("TRANSP") == "TRANSPARENT":
        return None
    length = event["DURATION"].dt if "DURATION" in event else None
    if ends is not None:
        length = _at(ends.dt, zone) - _at(begins, zone)
    title = _plain(event.get("SUMMARY", ""))
    words = f"{title}\n{event.get('DESCRIPTION', '')}\n{_attendees(event)}"
    return _cells(
        title,
        words,
        start=_at(begins, zone).strftime("%Y-%m-%d %H:%M"),
        minutes=str(int(length.total_seconds() // 60)) if length is not None else "",
        # A visit that recurs is several: somebody has to say which.
        is_named=not event.get("RRULE"),
    )


def _as_it_stands(apart: Apart) -> list[str] | None:
    """The line of an event that cannot be read: its start and end as they are written."""
    if apart.raw("STATUS").upper() == "CANCELLED" or apart.raw("TRANSP").upper() == "TRANSPARENT":
        return None
    title = _plain(apart.raw("SUMMARY").replace("\\,", ",").replace("\\;", ";"))
    words = f"{title}\n{apart.raw('DESCRIPTION')}\n{apart.raw('ATTENDEE')}"
    start, length = apart.raw("DTSTART") or "?", apart.raw("DTEND") or apart.raw("DURATION")
    return _cells(title, words, start=start, minutes=f"? {length}".strip())


def _at(at: object, zone: ZoneInfo) -> datetime:
    """A time by the wall clock of `zone`, which a time without a zone has already."""
    if not isinstance(at, datetime):
        raise Unreadable
    return at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)


def _cells(title: str, words: str, *, start: str, minutes: str, is_named: bool = True) -> list[str]:
    who, reason = _parted(title)
    last_name, first_name = _name(who)
    found = [_first(pattern, words) for pattern in (_BORN, _PHONE, _MAIL)]
    return [last_name if is_named else "", first_name, *found, start, minutes, reason, title]


def _plain(title: object) -> str:
    return " ".join(str(title).split())


def _attendees(event: Component) -> str:
    found = event.get("ATTENDEE", [])
    return " ".join(map(str, found if isinstance(found, list) else [found])).replace("mailto:", " ")


def _first(pattern: re.Pattern[str], words: str) -> str:
    found = pattern.search(words)
    return found[0] if found else ""


def _parted(title: str) -> tuple[str, str]:
    """Who, and what for: "DUPONT Marie - Consultation"."""
    for pattern in (_PHONE, _BORN, _MAIL):
        title = pattern.sub(" ", title)
    mark = re.search(r" [-–:|] |[:,(]", title)
    if mark is None:
        return title.strip(), ""
    who, reason = title[: mark.start()].strip(), title[mark.end() :]
    return who, reason.strip(" )")


def _name(who: str) -> tuple[str, str]:
    """Last and first names: what is in capitals is the last one, else the first word is not."""
    words = [word for word in who.split() if word.lower().strip(".") not in _TITLES]
    loud = [word for word in words if word.isupper() and len(word) > 1]
    if 0 < len(loud) < len(words):
        return " ".join(loud), " ".join(word for word in words if word not in loud)
    if len(words) == 2:
        return words[1], words[0]
    return "", ""
