"""What a practice's secretaries open on the dashboard in a month.

Each working day: the day's agenda in the morning, patients as they come in, and the telephone:
somebody books (looked up by name, some weeks leafed through), moves or cancels a visit, or asks
about a past one. Now and then a doctor wants an old visit. On Fridays the next week is looked
through; at the end of a month (month-end) some past visits are gone over for what is unpaid.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from booking.models import Appointment
from booking.models.appointment import Status
from doctolib.drill.scenario import ZONE, Scenario
from doctolib.drill.world import Built, Desk, poisson

NAMES = ("first_name", "last_name")
EVERYTHING = ("first_name", "last_name", "sex", "birth_date", "phone", "email")
CALLS_A_DAY, OLD_VISITS_A_DAY = 12, 1.5
OPENED_ON_ARRIVAL, UNPAID = 0.5, 0.03


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page with the patients that it shows; `thief` numbers who is not the secretary."""

    at: datetime
    desk: Desk
    appointments: tuple[Appointment, ...]
    network: str
    key: str
    token: str
    fields: tuple[str, ...] = EVERYTHING
    is_search: bool = False
    thief: int | None = None


def pages_of(scenario: Scenario, built: Built, rng: random.Random) -> list[Page]:
    """All that the secretaries of a month open."""
    days = [scenario.starts + timedelta(days=n) for n in range(scenario.days)]
    pages: list[Page] = []
    for desk in built.desks:
        visits = sorted(built.visits.at(desk.practice.pk), key=lambda row: row.starts_at)
        work = _Work(desk=desk, visits=visits, rng=rng)
        for day in days:
            if day.weekday() < 5:
                pages += work.day(day)
        if scenario.month == "month-end":
            pages += work.closing(days)
    return pages


def session_of(desk: Desk, at: datetime) -> str:
    """They sign in once a day."""
    return f"{desk.key[:6]}{at.astimezone(ZONE):%y%m%d}"


class _Work:
    """One secretary's month."""

    def __init__(self, *, desk: Desk, visits: list[Appointment], rng: random.Random) -> None:
        self.desk, self.visits, self.rng = desk, visits, rng
        self.starts = [row.starts_at for row in visits]
        self.agendas = sorted({row.agenda_id for row in visits})

    def day(self, day: date) -> Iterator[Page]:
        opens = datetime.combine(day, time(8), ZONE) + timedelta(minutes=self.rng.uniform(0, 15))
        yield self._shows(opens, self._between(day, day + timedelta(days=1)))
        for row in self._between(day, day + timedelta(days=1)):
            if row.status != Status.CANCELLED and self.rng.random() < OPENED_ON_ARRIVAL:
                yield self._visit(row.starts_at + timedelta(minutes=self.rng.uniform(-10, 8)), row)
        for _ in range(poisson(CALLS_A_DAY, self.rng)):
            yield from self._call(opens + timedelta(minutes=self.rng.uniform(5, 590)))
        for _ in range(poisson(OLD_VISITS_A_DAY, self.rng)):
            yield from self._old_visit(opens + timedelta(minutes=self.rng.uniform(5, 590)))
        if day.weekday() == 4:
            at = datetime.combine(day, time(16, 30), ZONE)
            for agenda_id in self.agendas:
                yield self._week(at, agenda_id, day + timedelta(days=3))

    def closing(self, days: list[date]) -> Iterator[Page]:
        ends = [d for d in days if d.weekday() < 5 and (d + timedelta(days=4)).day <= 4]
        if not ends:
            return
        at = datetime.combine(self.rng.choice(ends), time(14), ZONE)
        for row in self._between((at - timedelta(days=28)).date(), at.date()):
            if self.rng.random() < UNPAID:
                at += timedelta(seconds=self.rng.uniform(30, 240))
                yield self._visit(at, row)

    def _call(self, at: datetime) -> Iterator[Page]:
        draw = self.rng.random()
        known = self._known(at)
        if draw < 0.55:
            if known and self.rng.random() < 0.6:
                yield self._search(at, self.rng.choice(known))
            agenda_id = self.rng.choice(self.agendas)
            for week in range(self.rng.choice((1, 1, 2, 3, 4))):
                at += timedelta(seconds=self.rng.uniform(8, 40))
                monday = at.date() - timedelta(days=at.weekday()) + timedelta(weeks=week)
                yield self._week(at, agenda_id, monday)
            return
        ahead = [row for row in known if row.starts_at > at]
        behind = [row for row in known if at - timedelta(days=40) < row.starts_at < at]
        rows = ahead if draw < 0.8 else behind
        if rows:
            row = self.rng.choice(rows)
            yield self._search(at, row)
            yield self._visit(at + timedelta(seconds=self.rng.uniform(5, 30)), row)

    def _old_visit(self, at: datetime) -> Iterator[Page]:
        behind = [row for row in self._known(at) if row.starts_at < at]
        if behind:
            row = self.rng.choice(behind)
            day = row.starts_at.astimezone(ZONE).date()
            yield self._shows(at, self._between(day, day + timedelta(days=1)))
            yield self._visit(at + timedelta(seconds=self.rng.uniform(5, 30)), row)

    def _known(self, at: datetime) -> list[Appointment]:
        return [row for row in self.visits if row.created_at < at]

    def _between(self, first: date, until: date) -> list[Appointment]:
        since, end = (datetime.combine(day, time(), ZONE) for day in (first, until))
        return self.visits[bisect_left(self.starts, since) : bisect_left(self.starts, end)]

    def _week(self, at: datetime, agenda_id: object, monday: date) -> Page:
        rows = self._between(monday, monday + timedelta(days=7))
        return self._shows(at, [row for row in rows if row.agenda_id == agenda_id])

    def _shows(self, at: datetime, rows: list[Appointment]) -> Page:
        shown = tuple(r for r in rows if r.created_at < at and r.status != Status.CANCELLED)
        return self._page(at, shown, fields=NAMES)

    def _visit(self, at: datetime, row: Appointment) -> Page:
        return self._page(at, (row,))

    def _search(self, at: datetime, row: Appointment) -> Page:
        return self._page(at, (row,), is_search=True)

    def _page(
        self,
        at: datetime,
        rows: tuple[Appointment, ...],
        *,
        fields: tuple[str, ...] = EVERYTHING,
        is_search: bool = False,
    ) -> Page:
        return Page(
            at=at, desk=self.desk, appointments=rows, network=self.desk.network,
            key=self.desk.key, token=session_of(self.desk, at), fields=fields,
            is_search=is_search,
        )  # fmt: skip
