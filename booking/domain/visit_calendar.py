"""An agenda as a calendar file (RFC 5545), made the table that patient_file reads.

Software that exports no table exports this. What an event is called names the patient, and
telephone and birth date stand where people write them. What cannot be read is refused as a line
of the table, and comes back as a table to complete.
"""

import csv
import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from booking.domain.patient_file import LARGEST_BYTES, MOST_LINES, UnreadableFile

HEADER = (
    "Nom", "Prénom", "Date de naissance", "Téléphone", "E-mail", "Début", "Durée", "Motif",
)  # fmt: skip
_PHONE = re.compile(r"(?:\+33 ?|0)[1-9](?:[ .-]?\d\d){4}")
_BORN = re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TITLES = {"m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle", "enfant", "dr"}


def is_calendar(content: bytes) -> bool:
    """Whether a file says of itself that it is a calendar."""
    return content.lstrip(b"\xef\xbb\xbf\r\n ").upper().startswith(b"BEGIN:VCALENDAR")


def as_table(content: bytes, *, zone: ZoneInfo) -> str:
    """Write a calendar's events as a CSV table; times in the wall clock of `zone`.

    Whole days, cancelled events and free ones are no visits. Raises UnreadableFile.
    """
    if len(content) > LARGEST_BYTES:
        raise UnreadableFile(UnreadableFile.too_large)
    try:
        calendars = Calendar.from_ical(content, multiple=True)
        events = [event for each in calendars for event in each.walk("VEVENT")]
        rows = [row for event in events if (row := _row(event, zone))]
    except Exception as error:  # the parser fails in as many ways as texts can be wrong
        raise UnreadableFile(UnreadableFile.no_calendar) from error
    if not rows:
        raise UnreadableFile(UnreadableFile.empty)
    if len(rows) > MOST_LINES:
        raise UnreadableFile(UnreadableFile.too_large)
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([HEADER, *rows])
    return out.getvalue()


def _row(event: Component, zone: ZoneInfo) -> list[str] | None:
    starts, ends = event.get("DTSTART"), event.get("DTEND")
    begins = starts.dt if starts else None
    if not isinstance(begins, datetime):
        return None
    if event.get("STATUS") == "CANCELLED" or event.get("TRANSP") == "TRANSPARENT":
        return None
    length = (ends.dt - begins) if ends else getattr(event.get("DURATION"), "dt", None)
    local = begins.astimezone(zone) if begins.tzinfo else begins
    title = " ".join(str(event.get("SUMMARY", "")).split())
    words = f"{title}\n{event.get('DESCRIPTION', '')}\n{_attendees(event)}"
    who, reason = _parted(title)
    last_name, first_name = _name(who)
    if event.get("RRULE"):
        # A visit that recurs is several: somebody has to say which.
        last_name = ""
    return [
        last_name,
        first_name,
        _first(_BORN, words),
        _first(_PHONE, words),
        _first(_MAIL, words),
        local.strftime("%Y-%m-%d %H:%M"),
        str(int(length.total_seconds() // 60)) if length else "",
        reason,
    ]


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
