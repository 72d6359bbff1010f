"""What a place on the waiting list asks for, and which slots would serve it."""

import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.appointments import deadline
from booking.models import Appointment, Wait
from booking.models.waiting import PartOfDay
from booking.outbox.quiet_hours import is_quiet, morning_after, zone_where
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.wall_clock import day_bounds
from practitioners.models import Practice, VisitReason

NOON = time(12)


EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def can_come(
    first: date, last: date, weekdays: Collection[int], part_of_day: str, *, now: datetime
) -> bool:
    """Whether any chosen day lies between two days, both included, and is not over.

    `now` is on the practice's wall clock: a morning is over at NOON.
    """
    is_over = part_of_day == PartOfDay.MORNING and now.time() >= NOON
    first = max(first, now.date() + timedelta(days=1) if is_over else now.date())
    return any(
        (first + timedelta(days=n)).weekday() in weekdays
        for n in range(min((last - first).days + 1, len(EVERY_DAY)))
    )


def fitting(wait: Wait, *, now: datetime) -> list[Slot]:
    """The free slots that a patient on the list would take, soonest first, known or not."""
    since, until = bounds([wait], wait.practice, now=now)
    slots = availability.free_slots(
        visit_reason=wait.visit_reason, since=since, until=until, now=now
    )
    return [slot for slot in slots if fits(wait, slot)]


def lasts(starts_at: datetime, *, now: datetime) -> timedelta:
    """How long a slot is kept for one patient: the nearer it is, the shorter."""
    ahead = starts_at - now
    if ahead > timedelta(days=3):
        return timedelta(hours=2)
    return timedelta(minutes=30) if ahead > timedelta(days=1) else timedelta(minutes=15)


def kept_until(wait: Wait, starts_at: datetime, *, now: datetime) -> datetime:
    """Until when a slot is kept for a patient. Where that would be at night, the time runs from
    8:00 of the patient's next morning: no offer ends before its reader is awake."""
    length = lasts(starts_at, now=now)
    until, zone = now + length, zone_of(wait)
    return morning_after(until, zone) + length if is_quiet(until, zone) else until


def zone_of(wait: Wait) -> ZoneInfo:
    return zone_where(told=wait.patient.phone_zone, practice_zone=wait.practice.zone)


def free_in(
    reasons: list[VisitReason], *, since: datetime, until: datetime, now: datetime
) -> dict[uuid.UUID, list[Slot]]:
    return availability.free_slots_of_many(visit_reasons=reasons, since=since, until=until, now=now)


def bounds(
    waits: Iterable[Wait], practice: Practice, *, now: datetime
) -> tuple[datetime, datetime]:
    _midnight, until = day_bounds(max(last_day_of(wait) for wait in waits), practice.zone)
    return now, until


def last_day_of(wait: Wait) -> date:
    """An appointment that was moved meanwhile says itself what is earlier."""
    if wait.appointment is None:
        return wait.last_day
    of_visit = wait.appointment.starts_at.astimezone(wait.practice.zone).date()
    return of_visit - timedelta(days=1)


def fits(wait: Wait, slot: Slot) -> bool:
    local = slot.starts_at.astimezone(wait.practice.zone)
    if not wait.first_day <= local.date() <= last_day_of(wait):
        return False
    if local.weekday() not in wait.weekdays:
        return False
    if wait.part_of_day == PartOfDay.ANY:
        return True
    return (local.time() < NOON) == (wait.part_of_day == PartOfDay.MORNING)


def may_be_earlier(appointment: Appointment, *, now: datetime) -> bool:
    return deadline.terms(appointment, now=now).can_move
