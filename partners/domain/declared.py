"""Schedules that software declares: opening hours and absences created from recurrence rules.

Times recur in the practice's local time, by days or weeks (RFC 5545 section 3.3.10).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule
from django.db import transaction

from audit.record.entries import Actor
from partners.models import Credential, DeclaredSchedule
from practitioners.domain.scheduling.hours import openings
from practitioners.models import Absence, Agenda, Opening, VisitReason

WEEKDAYS = {
    "MO": rrule.MO, "TU": rrule.TU, "WE": rrule.WE, "TH": rrule.TH, "FR": rrule.FR,
    "SA": rrule.SA, "SU": rrule.SU,
}  # fmt: skip
FREQUENCIES = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY}
MOST_TIMES, MOST_ABSENCES, MOST_COUNT = 50, 200, 1000
# How far ahead recurring absences are made.
AHEAD = timedelta(days=550)


class CannotDeclare(Exception):
    """An agenda cannot have these times; `args[0]` gives the reason."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A recurrence. `until` is inclusive; `days` are two letters each."""

    frequency: str
    interval: int = 1
    until: datetime | None = None
    count: int | None = None
    days: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeclaredTime:
    """One time, free (bookable) or busy, once or recurring."""

    free: bool
    starts_at: datetime
    ends_at: datetime
    rule: Rule | None = None


@transaction.atomic
def declare(
    *,
    credential: Credential,
    agenda: Agenda,
    times: Iterable[DeclaredTime],
    shown: list[Any],
    identifiers: list[Any],
    actor: Actor,
    now: datetime,
    schedule: DeclaredSchedule | None = None,
) -> DeclaredSchedule:
    """Create opening hours and absences from declared times, replacing those of `schedule`.

    `shown` is the form in which the software sent the times, and reads them again. Booked
    appointments stay booked. Raises CannotDeclare and openings.OverlapsOpening; then nothing has
    changed.
    """
    times = list(times)
    if len(times) > MOST_TIMES:
        raise CannotDeclare(f"a schedule may have at most {MOST_TIMES} availability times")
    row = schedule or DeclaredSchedule(credential=credential, agenda=agenda, created_at=now)
    if schedule is not None:
        _take_back(schedule, actor=actor)
    row.openings, row.absences = [], []
    reasons = tuple(agenda.visit_reasons.filter(active=True))
    for each in times:
        if each.free:
            row.openings += _open(agenda, each, reasons, actor=actor)
        else:
            row.absences += _close(agenda, each, actor=actor, now=now)
        if len(row.absences) > MOST_ABSENCES:
            raise CannotDeclare(f"a schedule may have at most {MOST_ABSENCES} absences")
    row.times, row.identifiers = shown, identifiers
    row.save()
    return row


@transaction.atomic
def withdraw(*, schedule: DeclaredSchedule, actor: Actor) -> None:
    """Withdraw a declared schedule: delete its opening hours and its absences."""
    _take_back(schedule, actor=actor)
    schedule.delete()


def _take_back(schedule: DeclaredSchedule, *, actor: Actor) -> None:
    """Delete the opening hours and absences of a schedule, except those already deleted by hand."""
    found = Opening.objects.filter(pk__in=schedule.openings, agenda=schedule.agenda_id)
    for opening in found.select_related("agenda"):
        openings.delete_opening(opening=opening, actor=actor)
    away = Absence.objects.filter(pk__in=schedule.absences, agenda=schedule.agenda_id)
    for absence in away.select_related("agenda"):
        openings.remove_absence(absence=absence, actor=actor)


def _open(
    agenda: Agenda, time: DeclaredTime, reasons: tuple[VisitReason, ...], *, actor: Actor
) -> list[Any]:
    zone = agenda.practice.zone
    first, last = time.starts_at.astimezone(zone), time.ends_at.astimezone(zone)
    if first.date() != last.date() or first.time() >= last.time():
        raise CannotDeclare("a free time must start and end on the same day")
    made = []
    for starts_on, every_weeks, until_date in _weekly(first, time.rule):
        spec = openings.OpeningSpec(
            starts_on=starts_on, until_date=until_date, every_weeks=every_weeks,
            from_time=first.time(), until_time=last.time(), capacity=1, slot_minutes=None,
            visit_reasons=reasons,
        )  # fmt: skip
        made.append(openings.save_opening(agenda=agenda, spec=spec, actor=actor).pk)
    return made


def _weekly(first: datetime, rule: Rule | None) -> list[tuple[date, int, date | None]]:
    """The rule as a weekly recurrence: first day, interval in weeks, first day that is no longer
    part.
    """
    if rule is None:
        return [(first.date(), 0, None)]
    if rule.interval > 52:
        raise CannotDeclare("interval may be at most 52")
    until_date = None
    if rule.until is not None or rule.count is not None:
        until_date = max((day.date() for day in _all(first, rule)), default=first.date())
        until_date += timedelta(days=1)
    # Whatever the rule, the first occurrence on each weekday tells its phase.
    cycle = islice(_occurrences(first, rule, endless=True), 7 if rule.frequency == "DAILY" else 14)
    starts: dict[int, date] = {}
    for at in cycle:
        starts.setdefault(at.weekday(), at.date())
    days = sorted(starts.values())
    return [
        (day, rule.interval, until_date) for day in days if until_date is None or day < until_date
    ]


def _close(agenda: Agenda, time: DeclaredTime, *, actor: Actor, now: datetime) -> list[Any]:
    zone = agenda.practice.zone
    first, last = time.starts_at.astimezone(zone), time.ends_at.astimezone(zone)
    if last <= first:
        raise CannotDeclare("an absence must end after its start")
    naive = first.replace(tzinfo=None)
    length = last.replace(tzinfo=None) - naive
    if time.rule is None:
        found = [naive]
    else:
        horizon = (now + AHEAD).astimezone(zone).replace(tzinfo=None)
        found = [at for at in _all(first, time.rule) if at < horizon][: MOST_ABSENCES + 1]
    made = []
    for at in found:
        absence = openings.add_absence(
            agenda=agenda, starts_at=at.replace(tzinfo=zone).astimezone(UTC),
            until=(at + length).replace(tzinfo=zone).astimezone(UTC), label="", actor=actor,
        )  # fmt: skip
        made.append(absence.pk)
    return made


def _all(first: datetime, rule: Rule) -> list[datetime]:
    return list(islice(_occurrences(first, rule), MOST_COUNT))


def _occurrences(first: datetime, rule: Rule, *, endless: bool = False) -> Any:
    """The occurrences, as local times without a zone."""
    until = None
    if rule.until is not None and not endless:
        until = rule.until.astimezone(first.tzinfo).replace(tzinfo=None)
    return rrule.rrule(
        FREQUENCIES[rule.frequency],
        dtstart=first.replace(tzinfo=None),
        interval=rule.interval,
        count=None if endless or until is not None else rule.count,
        until=until,
        byweekday=[WEEKDAYS[day] for day in rule.days] or None,
        wkst=rrule.MO,
    )
