"""Calendar files as mails carry them, read by two independent readers."""

import email
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from booking.appointments.several import series
from booking.appointments.values import By
from booking.models.appointment import Channel
from booking.outbox import sending
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def practice():
    return make_practice(phone="0247000001", reminder_hours=[])


@pytest.fixture
def reason(practice):
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda, series_at_most=10, cancel_deadline_hours=0, horizon_days=365)
    make_opening(agenda, reason)
    return reason


def parts_of(letter):
    """The calendar parts of a mail as it travels, each checked against what it says of itself."""
    message = email.message_from_bytes(letter.message().as_bytes(linesep="\r\n"))
    found = []
    for part in message.walk():
        if part.get_content_type() != "text/calendar":
            continue
        content = part.get_payload(decode=True)
        calendar = Calendar.from_ical(content)
        check(calendar, content)
        assert part.get_param("method") == calendar["METHOD"]
        assert part.get_content_charset() == "utf-8"
        found.append((part.get_filename(), calendar))
    return found


def check(calendar, content):
    """What RFC 5545 and 5546 ask of every object, and what another parser reads in it."""
    method = calendar["METHOD"]
    text = content.decode()
    lines = text.split("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert lines[-1] == ""
    # Octets, and none of them in the middle of a letter.
    assert all(len(line.encode()) <= 75 for line in lines)
    read_elsewhere(calendar, text)
    assert calendar["VERSION"] == "2.0"
    events = calendar.walk("VEVENT")
    assert events
    if method in ("REQUEST", "CANCEL"):
        assert len({event["UID"] for event in events}) == 1
    for event in events:
        assert not event.errors
        for name in ("UID", "DTSTAMP", "DTSTART", "ORGANIZER", "SEQUENCE", "SUMMARY"):
            assert name in event, name
        assert event["ORGANIZER"].startswith("mailto:")
        assert "LAST-MODIFIED" in event
        assert ("ATTENDEE" in event) == (method != "PUBLISH")
        assert (event["STATUS"] == "CANCELLED") >= (method == "CANCEL")
        assert bool(event.walk("VALARM")) == (event["STATUS"] != "CANCELLED")
        # Names nobody but the practitioner and the practice.
        assert not re.search("Lefèvre|Zoé", str(event.to_ical().decode()))


def read_elsewhere(calendar, text):
    """Home Assistant's parser, which shares no code with ours, reads the same."""
    found = IcsCalendarStream.calendar_from_ics(text)
    assert found.method == calendar["METHOD"]
    events = calendar.walk("VEVENT")
    assert len(found.events) == len(events)
    for other, event in zip(found.events, events, strict=True):
        assert (other.uid, other.sequence) == (event["UID"], event["SEQUENCE"])
        assert (other.start, other.end) == (event.start, event.end)
        assert other.status.value == event["STATUS"]
        assert other.summary == event["SUMMARY"]
        assert other.description == event["DESCRIPTION"]
        assert str(other.organizer.uri) == event["ORGANIZER"]
        assert other.organizer.common_name == event["ORGANIZER"].params["CN"]
        assert [str(each.uri) for each in other.attendees] == list(
            filter(None, [event.get("ATTENDEE")])
        )
        assert [each.action for each in other.alarm] == ["DISPLAY"] * len(event.walk("VALARM"))


def last_mail(now):
    mail.outbox.clear()
    assert sending.send_owed(now=now) == 1
    return mail.outbox[-1]


def uid(visit):
    return f"{visit.pk}@doctolib.example"


def in_series(reason, now, weeks):
    first = booked(reason, now, patient=make_patient(make_account()))
    last_mail(now)
    made = series.book_series(
        appointment=first,
        starts=[NINE + timedelta(weeks=n) for n in weeks],
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now + timedelta(minutes=1),
    )
    return [first, *made]
