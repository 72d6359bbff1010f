"""Other people's calendars as busy time: what is expected was read from each file by hand."""

import pytest

from tests.shared_data import SHARED
from tests.support.busy_times import at, read

FILES = SHARED / "ics"

# File: the busy minutes of 2019 to 2025, and some periods in UTC that must be among the busy ones.
EXPECTED = {
    # Whole days that end on the day they start, all of them free.
    "Germany_Holidays.ics": (0, []),
    # One event without an end, which takes no time; three with.
    "discourse_no_dtend.ics": (810, []),
    # Eight weeks, two of them deleted; summer time begins on 31 March.
    "each_week_but_two_deleted.ics": (
        180,
        [
            ("2019-03-03 23:30", "2019-03-04 00:00"),
            ("2019-03-17 23:30", "2019-03-18 00:00"),
            ("2019-03-31 22:30", "2019-03-31 23:00"),
            ("2019-04-21 22:30", "2019-04-21 23:00"),
        ],
    ),
    # An RDATE with a length of its own.
    "issue_113_period_rdate_duration.ics": (180, [("2024-09-13 12:00", "2024-09-13 14:00")]),
    # It ends before it starts, and is free.
    "issue_117_until_before_dtstart.ics": (0, []),
    "issue_132_swapped_start_and_end.ics": (15, [("2023-12-18 22:30", "2023-12-18 22:45")]),
    # The later version of the series counts: its own exception and its own extra day.
    "issue_148_exdate_and_rdate_updated.ics": (
        3 * 1440,
        [
            ("2024-06-30 22:00", "2024-07-01 22:00"),
            ("2024-07-14 22:00", "2024-07-15 22:00"),
            ("2024-07-29 22:00", "2024-07-30 22:00"),
        ],
    ),
    # Three days, the middle one cancelled.
    "issue_18_cancel_status.ics": (
        120,
        [("2020-01-28 21:00", "2020-01-28 22:00"), ("2020-01-30 21:00", "2020-01-30 22:00")],
    ),
    # Seventeen Tuesdays, of which nine are excepted; the last one lies after UNTIL by a second.
    "issue_20_exdate_ignored.ics": (
        7 * 90,
        [("2019-10-29 15:15", "2019-10-29 16:45"), ("2020-01-28 15:15", "2020-01-28 16:45")],
    ),
    # Daily from 10:00 London time for five days; the second day was moved to 11:00.
    "issue_223_thunderbird.ics": (
        300,
        [("2025-04-24 10:00", "2025-04-24 11:00"), ("2025-04-27 08:00", "2025-04-27 09:00")],
    ),
    # The bins are put out in time that stays free.
    "issue_28_rrule_with_UTC_endinginZ.ics": (0, []),
    # 11:30 in Lisbon: 10:30 in summer, 11:30 in winter.
    "issue_48_daylight_aware_repeats.ics": (
        276 * 90,
        [("2020-10-19 10:30", "2020-10-19 12:00"), ("2020-10-26 11:30", "2020-10-26 13:00")],
    ),
    # 8:15 in Chicago: 14:15 in winter, 13:15 in summer.
    "issue_48_dst.ics": (
        None,
        [("2021-03-12 14:15", "2021-03-12 14:30"), ("2021-03-15 13:15", "2021-03-15 13:30")],
    ),
    # Karaoke takes no time from anybody.
    "issue_62_moved_event.ics": (0, []),
    # THISANDFUTURE: from the 13th 9:00 to 16:00, one day otherwise, from the 21st a day later.
    "issue_75_range_parameter.ics": (
        None,
        [
            ("2024-09-11 12:00", "2024-09-11 14:00"),
            ("2024-09-13 09:00", "2024-09-13 16:00"),
            ("2024-09-15 17:00", "2024-09-15 19:00"),
            ("2024-09-17 09:00", "2024-09-17 16:00"),
            ("2024-09-22 14:22", "2024-09-22 16:13"),
            ("2024-09-24 14:22", "2024-09-24 16:13"),
        ],
    ),
    # A floating time, which the calendar says is that of Brussels.
    "issue_86_x_wr_timezone_without_time_zone_in_dt.ics": (
        105,
        [("2021-09-16 19:00", "2021-09-16 20:45")],
    ),
    "issue_97_todo_nodtstart.ics": (0, []),
    # Every whole day from 4 March 2019 in Paris on: one long stretch.
    "one_day_event_repeat_every_day.ics": (
        None,
        [("2019-03-03 23:00", "2026-01-01 00:00")],
    ),
    "recurring_events_changed_duration.ics": (
        390,
        [
            ("2019-03-07 01:00", "2019-03-07 02:00"),
            ("2019-03-08 00:00", "2019-03-08 02:00"),
            ("2019-03-09 02:00", "2019-03-09 02:30"),
        ],
    ),
    "three_events_one_edited.ics": (180, [("2019-03-19 03:00", "2019-03-19 04:00")]),
    # In UTC whatever the calendar says of its zone.
    "x_wr_timezone_simple_events_issue_59.ics": (
        120,
        [("2021-12-22 17:00", "2021-12-22 18:00"), ("2021-12-23 02:00", "2021-12-23 03:00")],
    ),
    "zero_size_event.ics": (0, []),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_calendar_that_once_broke_is_read(name):
    minutes, expected = EXPECTED[name]
    found = read((FILES / name).read_bytes())
    assert found.complete
    seconds = sum((last - first).total_seconds() for first, last in found.periods)
    if minutes is not None:
        assert seconds == minutes * 60
    for first, last in expected:
        assert (at(first), at(last)) in found.periods
    for (_first, last), (following, _last) in zip(found.periods, found.periods[1:], strict=False):
        assert last < following


def test_a_series_that_nobody_understands_is_said_to_be_missing():
    found = read((FILES / "bad_rrule_missing_until_event.ics").read_bytes())
    assert found.periods == []
    assert not found.complete


def test_dates_and_times_of_every_kind_are_mixed():
    text = (FILES / "issue_201_test_matrix.ics").read_bytes()
    found = read(text, "1999-12-01 00:00", "2000-02-01 00:00")
    # Its longest events last three days from the first of January, one of them in UTC.
    assert found.periods == [(at("1999-12-31 23:00"), at("2000-01-04 00:00"))]


def test_every_file_of_the_folder_is_expected_somewhere():
    named = {*EXPECTED, "bad_rrule_missing_until_event.ics", "issue_201_test_matrix.ics"}
    assert {path.name for path in FILES.glob("*.ics")} == named
