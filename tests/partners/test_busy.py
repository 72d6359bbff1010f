"""External calendars as busy time, and those that were written to do harm."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from partners.domain.busy import Unreadable, busy_periods, read_apart
from tests.support.busy_times import PARIS, at, calendar, read


def test_floating_times_are_those_of_the_practice_unless_the_calendar_names_a_zone():
    event = ["DTSTART:20250701T090000", "DTEND:20250701T100000"]
    reunion = ZoneInfo("Indian/Reunion")
    floating = read(calendar(*event), zone=reunion)
    assert floating.periods == [(at("2025-07-01 05:00"), at("2025-07-01 06:00"))]
    named = calendar(
        "X-WR-TIMEZONE:Europe/Brussels", "BEGIN:VEVENT", "UID:1", *event, "END:VEVENT", event=False
    )
    assert read(named, zone=reunion).periods == [(at("2025-07-01 07:00"), at("2025-07-01 08:00"))]


@pytest.mark.parametrize(
    ("lines", "periods"),
    [
        (["DTSTART;VALUE=DATE:20250701"], [("2025-06-30 22:00", "2025-07-01 22:00")]),
        (
            ["DTSTART;VALUE=DATE:20250701", "DTEND;VALUE=DATE:20250701"],
            [("2025-06-30 22:00", "2025-07-01 22:00")],
        ),
        (["DTSTART:20250701T080000Z", "DTEND:20250701T090000Z", "TRANSP:TRANSPARENT"], []),
        (["DTSTART:20250701T080000Z", "DTEND:20250701T090000Z", "STATUS:CANCELLED"], []),
        (
            ["DTSTART:20250701T080000Z", "DURATION:PT15M"],
            [("2025-07-01 08:00", "2025-07-01 08:15")],
        ),
    ],
)
def test_what_takes_time(lines, periods):
    assert read(calendar(*lines)).periods == [(at(first), at(last)) for first, last in periods]


def test_our_own_feed_keeps_nobody_busy():
    text = calendar(
        "BEGIN:VEVENT", "UID:0198@doctolib.example", "DTSTART:20250701T080000Z",
        "DTEND:20250701T090000Z", "END:VEVENT", event=False,
    )  # fmt: skip
    assert read(text).periods == []


@pytest.mark.parametrize("text", [b"", b"<html>", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\xff\xfe\0"])
def test_what_is_no_calendar_is_refused(text):
    with pytest.raises(Unreadable, match="not a calendar"):
        read(text)


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY;BYMINUTE=0,15,45"])
def test_a_rule_that_is_no_persons_is_refused(rule):
    with pytest.raises(Unreadable, match="too much"):
        read(calendar("DTSTART:20250701T080000Z", "DURATION:PT1S", f"RRULE:{rule}"))


def test_a_process_of_its_own_reads_the_same():
    text = calendar("DTSTART:20250701T080000Z", "DURATION:PT15M", "RRULE:FREQ=DAILY")
    since, until = at("2025-07-01 00:00"), at("2025-08-01 00:00")
    apart = read_apart(text, since=since, until=until, zone=PARIS)
    assert apart == busy_periods(text, since=since, until=until, zone=PARIS)
    assert len(apart.periods) == 31
    with pytest.raises(Unreadable, match="not a calendar"):
        read_apart(b"no", since=since, until=until, zone=PARIS)


def test_a_calendar_made_to_keep_us_busy_is_cut_short(monkeypatch):
    """30 February every day, many times: no occurrence, and a search to the year 9999 for each."""
    monkeypatch.setattr("partners.domain.busy.SECONDS_APART", 2)
    events = []
    for n in range(3_000):
        events += [
            "BEGIN:VEVENT", f"UID:{n}", "DTSTART:20250701T080000Z", "DURATION:PT1H",
            "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "END:VEVENT",
        ]  # fmt: skip
    since = at("2025-07-01 00:00")
    with pytest.raises(Unreadable, match="too much"):
        read_apart(
            calendar(*events, event=False), since=since, until=since + timedelta(days=550),
            zone=PARIS,
        )  # fmt: skip


GOOD = ["BEGIN:VEVENT", "UID:1", "DTSTART:20250701T080000Z", "DURATION:PT1H", "END:VEVENT"]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:demain"], [], ["DTSTART;VALUE=TIME:080000"], ["DTSTART:20250732T080000Z"],
        ["DTSTART:20250701T100000Z", "DTSTART:20250701T120000Z"],
        ["DTSTART:20250701T100000Z", "DTEND:x"], ["DTSTART:20250701T100000Z", "DURATION:long"],
        ["DTSTART:20250701T100000Z", "DURATION:PT1H", "RRULE:FREQ=NEVER"],
        ["DTSTART:", "BEGIN:VALARM", "TRIGGER:x", "END:VALARM"],
    ],
)  # fmt: skip
def test_one_event_that_cannot_be_read_costs_itself_alone(lines):
    """And is said to be missing: such a calendar was "too large", or no calendar."""
    text = calendar(*GOOD, "BEGIN:VEVENT", "UID:2", *lines, "END:VEVENT", event=False)
    since, until = at("2025-07-01 00:00"), at("2025-08-01 00:00")
    found = read_apart(text, since=since, until=until, zone=PARIS)
    assert found.periods == [(at("2025-07-01 08:00"), at("2025-07-01 09:00"))]
    assert not found.complete


@pytest.mark.parametrize(
    "lines",
    [
        ["BEGIN:VTIMEZONE", "TZID:X", "TZOFFSETFROM++0200", "END:VTIMEZONE"],
        ["BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD", "DTSTART:demain", "END:STANDARD", "END:VTIMEZONE"],
    ],
)  # fmt: skip
def test_a_time_zone_that_cannot_be_read_costs_no_event(lines):
    """It cost the whole calendar, which was said to be too large; found by `make fuzz`."""
    text = calendar(*lines, *GOOD, event=False)
    since, until = at("2025-07-01 00:00"), at("2025-08-01 00:00")
    found = read_apart(text, since=since, until=until, zone=PARIS)
    assert found.periods == [(at("2025-07-01 08:00"), at("2025-07-01 09:00"))]
    assert not found.complete
