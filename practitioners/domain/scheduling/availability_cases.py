"""Availability facts read from a file, checked against the real function over real rows."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.reservations import session_seats, take
from practitioners.models import Agenda, Opening, Practice, Practitioner, Taken, VisitReason

Offer = tuple[str, str, int]
_HOLD = timedelta(minutes=take.HOLD_MINUTES)


class UnreadableCase(Exception):
    """The file does not have the layout of availability cases; the text says where."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of one check, expected and actual: (from, until, places)."""

    case: str
    check: str
    expected: list[Offer]
    offered: list[Offer]

    @property
    def holds(self) -> bool:
        return self.expected == self.offered


def run_file(path: Path, *, today: date) -> Iterator[Outcome]:
    """Check every case of a file. Rows are made in a transaction that is always undone.

    Times are the site's wall clock; the site is put in UTC so that no clock change interferes
    with the facts. Raises UnreadableCase.
    """
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableCase(f"{path}: {error}") from error
    for case in cases:
        yield from run_case(case, today=today)


def run_case(case: dict[str, Any], *, today: date) -> list[Outcome]:
    """Check one case. Raises UnreadableCase."""
    try:
        with transaction.atomic():
            outcomes = _Site(today).outcomes(case)
            transaction.set_rollback(True)
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableCase(f"{case.get('name', '?')}: {error!r}") from error
    return outcomes


def read_day(text: str, *, today: date) -> date:
    """Read "Today", "Tomorrow", "3 days from today", "Yesterday", "2 days ago" or an ISO date."""
    words = text.strip().casefold()
    fixed = {"today": 0, "tomorrow": 1, "yesterday": -1}
    if words in fixed:
        return today + timedelta(days=fixed[words])
    if found := re.fullmatch(r"(\d+) days? (from (?:today|now)|ago)", words):
        days = int(found[1])
        return today + timedelta(days=-days if found[2] == "ago" else days)
    return date.fromisoformat(text.strip())


class _Site:
    """One practice with one agenda, on which a case plays."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.now = datetime.combine(today, time.min, tzinfo=UTC)
        practice = Practice.objects.create(name="Site", search_name="site", time_zone="UTC")
        practitioner = Practitioner.objects.create(
            first_name="Site", last_name="Site", search_name="site"
        )
        self.agenda = Agenda.objects.create(
            practice=practice, practitioner=practitioner, open_on_holidays=True
        )
        self.reasons: dict[str, VisitReason] = {}

    def reason(self, service: str) -> VisitReason:
        if service not in self.reasons:
            self.reasons[service] = VisitReason.objects.create(
                agenda=self.agenda,
                name=service,
                duration_minutes=5,
                minimum_notice_minutes=0,
                horizon_days=730,
            )
        return self.reasons[service]

    def outcomes(self, case: dict[str, Any]) -> list[Outcome]:
        for number, session in enumerate(case["sessions"], start=1):
            opening = Opening.objects.create(
                agenda=self.agenda,
                number=number,
                starts_on=read_day(session["date"], today=self.today),
                every_weeks=0,
                from_time=time.fromisoformat(session["from"]),
                until_time=time.fromisoformat(session["until"]),
                capacity=session["capacity"],
                slot_minutes=session["slot_minutes"],
            )
            opening.visit_reasons.set([self.reason(name) for name in session["services"]])
        for booking in case["bookings"]:
            self.book(booking)
        return [self.check(case, check) for check in case["checks"]]

    def book(self, booking: dict[str, Any]) -> None:
        """Put a booking where it stands: without a seat at first, then seated by the real code."""
        if booking["state"] == "cancelled":
            return
        hold_until = {
            "provisional": self.now + _HOLD,
            "provisional_expired": self.now - _HOLD,
        }.get(booking["state"])
        day = read_day(booking["date"], today=self.today)
        starts_at = datetime.combine(day, time.fromisoformat(booking["time"]), tzinfo=UTC)
        cell = (starts_at, starts_at + timedelta(minutes=booking["minutes"]))
        Taken.objects.create(
            agenda=self.agenda,
            visit_reason=self.reason(booking["service"]),
            period=cell,
            seat=None,
            hold_until=hold_until,
        )
        session_seats.reseat(agenda_id=self.agenda.pk, cell=cell, now=self.now)

    def check(self, case: dict[str, Any], check: dict[str, Any]) -> Outcome:
        slots = availability.free_slots(
            visit_reason=self.reason(check["service"]),
            since=self.midnight(read_day(check["from_date"], today=self.today)),
            until=self.midnight(read_day(check["to_date"], today=self.today) + timedelta(days=1)),
            now=self.now,
            consecutive=check.get("consecutive", 1),
        )
        day = read_day(check["date"], today=self.today)
        offered = [
            (f"{slot.starts_at:%H:%M}", f"{slot.ends_at:%H:%M}", slot.places)
            for slot in slots
            if slot.starts_at.date() == day
        ]
        expected = [(e["from"], e["until"], e["count"]) for e in check["expected"]]
        label = f"{check['service']} {check['date']}"
        if check.get("consecutive", 1) > 1:
            label += f" x{check['consecutive']}"
        return Outcome(
            case=case["name"], check=label, expected=sorted(expected), offered=sorted(offered)
        )

    @staticmethod
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=UTC)
