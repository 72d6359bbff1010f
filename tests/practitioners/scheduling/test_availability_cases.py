"""Seating and the layout of availability cases."""

from datetime import date

import pytest

from practitioners.domain.scheduling.availability_cases import read_day, run_case

TODAY = date(2026, 11, 24)


CHAIN = {
    "name": "three openings in a chain",
    "sessions": [
        {
            "date": "Tomorrow",
            "from": "09:00",
            "until": "09:10",
            "slot_minutes": 10,
            "capacity": n,
            "services": s,
        }
        for n, s in [(1, ["A", "B"]), (1, ["B", "C"]), (2, ["C"])]
    ],
}


@pytest.mark.django_db
def test_a_newcomer_moves_others_along_a_chain():
    booked = [
        {"date": "Tomorrow", "time": "09:00", "minutes": 10, "service": s, "state": "booked"}
        for s in "BC"
    ]
    checks = [
        {
            "service": s,
            "from_date": "Tomorrow",
            "to_date": "Tomorrow",
            "date": "Tomorrow",
            "expected": [{"from": "09:00", "until": "09:10", "count": n}],
        }
        for s, n in [("A", 1), ("B", 1), ("C", 2)]
    ]
    outcomes = run_case({**CHAIN, "bookings": booked, "checks": checks}, today=TODAY)
    assert [o.offered for o in outcomes] == [o.expected for o in outcomes]


@pytest.mark.django_db
def test_a_wrong_expectation_differs():
    check = {
        "service": "A",
        "from_date": "Tomorrow",
        "to_date": "Tomorrow",
        "date": "Tomorrow",
        "expected": [{"from": "09:00", "until": "09:10", "count": 7}],
    }
    outcomes = run_case({**CHAIN, "bookings": [], "checks": [check]}, today=TODAY)
    assert [o.holds for o in outcomes] == [False]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Today", 24),
        ("Tomorrow", 25),
        ("2 days from today", 26),
        ("2026-11-30", 30),
        ("2 days ago", 22),
    ],
)
def test_days_are_read(text, day):
    assert read_day(text, today=TODAY) == date(2026, 11, day)
