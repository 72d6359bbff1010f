"""The state of a practice's own time at one instant: free or not, the reason, and what is free
near it. For the dashboard, to which neither notice nor horizon applies.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from practitioners.domain.scheduling import agenda_time, availability
from practitioners.domain.scheduling.agenda_time import AgendaTime
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.reservations.pieces import Period, in_service
from practitioners.domain.scheduling.wall_clock import instant, occurs_on
from practitioners.models import Taken, VisitReason

# How far ahead the next free slots are looked for: each stretch only when those before it had few.
STRETCHES_DAYS = (7, 14, 28, 56, 112, 224)
NEAR_BEFORE, NEAR_AFTER = timedelta(days=7), timedelta(days=21)
_INSTANT = timedelta(microseconds=1)

Found = list[tuple[VisitReason, Slot]]


class Why(StrEnum):
    """The state of a time for a visit reason."""

    FREE = "free"
    TAKEN = "taken"
    RESOURCE = "resource"
    OUT_OF_SERVICE = "out-of-service"
    FULL = "full"
    ABSENT = "absent"
    HOLIDAY = "holiday"
    OUTSIDE = "outside"
    PAST = "past"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The state of a time, and the period of whatever blocks it.

    `is_offered`: whether a slot starts exactly then, which a practice does not need.
    """

    why: Why
    period: Period | None = None
    is_offered: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether even the practice cannot book this time, because it would be booked twice."""
        return self.why in (Why.TAKEN, Why.RESOURCE, Why.FULL)


def standing_at(
    *, visit_reason: VisitReason, starts_at: datetime, now: datetime, holder: str = ""
) -> Standing:
    """Return the state of a time for a visit reason, without reserving it: another booking may be
    faster.

    The holds of the key `holder` count as free.
    """
    (found,) = standings_at(visit_reason=visit_reason, starts=[starts_at], now=now, holder=holder)
    return found


def standings_at(
    *, visit_reason: VisitReason, starts: Sequence[datetime], now: datetime, holder: str = ""
) -> list[Standing]:
    """Return the state of several times for a visit reason, in the order given; like
    `standing_at`.
    """
    if not starts:
        return []
    times = agenda_time.load_agenda_times(
        agenda_ids=[visit_reason.agenda_id],
        since=min(starts),
        until=max(starts) + timedelta(minutes=visit_reason.duration_minutes),
        now=now,
        needs=visit_reason.needs,
        holder=holder,
    )
    time = times[visit_reason.agenda_id]
    return [_standing(time, visit_reason, at, now=now) for at in starts]


def _standing(
    time: AgendaTime, visit_reason: VisitReason, starts_at: datetime, *, now: datetime
) -> Standing:
    ends_at = starts_at + timedelta(minutes=visit_reason.duration_minutes)
    padded = (
        starts_at - timedelta(minutes=visit_reason.buffer_before_minutes),
        ends_at + timedelta(minutes=visit_reason.buffer_after_minutes),
    )
    is_offered = _offers(time, visit_reason, starts_at)
    if not is_offered:
        if (taken := _first_over(time.own_time, padded)) is not None:
            return Standing(why=Why.TAKEN, period=taken)
        if _offers(replace(time, pieces=in_service(time.pieces)), visit_reason, starts_at):
            return Standing(why=Why.OUT_OF_SERVICE)
        if _offers(replace(time, pieces={}), visit_reason, starts_at):
            return Standing(why=Why.RESOURCE)
        if _offers(replace(time, seats=[]), visit_reason, starts_at):
            return Standing(why=Why.FULL)
        if (absent := _first_over(time.absences, (starts_at, ends_at))) is not None:
            return Standing(why=Why.ABSENT, period=absent)
        day = starts_at.astimezone(visit_reason.agenda.practice.zone).date()
        if time.openings and time.is_closed(day):
            return Standing(why=Why.HOLIDAY)
        if not serves(time, visit_reason.pk, starts_at):
            return Standing(why=Why.OUTSIDE)
    return Standing(why=Why.PAST if starts_at < now else Why.FREE, is_offered=is_offered)


def held_until(
    *,
    visit_reason: VisitReason,
    starts_at: datetime,
    now: datetime,
    agenda_id: uuid.UUID | None = None,
) -> datetime | None:
    """The instant at which a time becomes free by itself, unless it is booked before that.

    If only holds block it (a patient is confirming, was offered it, or has just cancelled), this is
    the end of the last of them; in a full session, the end of the first. None if a visit blocks it.
    `agenda_id`: another agenda, to which a visit of this reason is to be moved.
    """
    ends_at = starts_at + timedelta(minutes=visit_reason.duration_minutes)
    rows = list(
        Taken.objects.filter(
            agenda=agenda_id or visit_reason.agenda_id,
            period__overlap=(
                starts_at - timedelta(minutes=visit_reason.buffer_before_minutes),
                ends_at + timedelta(minutes=visit_reason.buffer_after_minutes),
            ),
        ).exclude(hold_until__lte=now)
    )
    own = [row.hold_until for row in rows if row.is_own_time]
    if own:
        held = [until for until in own if until is not None]
        return max(held) if len(held) == len(own) else None
    return min((row.hold_until for row in rows if row.hold_until is not None), default=None)


def _offers(time: AgendaTime, visit_reason: VisitReason, starts_at: datetime) -> bool:
    slots = availability.slots_of(time, visit_reason, starts_at, starts_at + _INSTANT)
    return next(slots, None) is not None


def _first_over(periods: Iterable[Period], asked: Period) -> Period | None:
    return min((p for p in periods if p[0] < asked[1] and asked[0] < p[1]), default=None)


def serves(time: AgendaTime, reason_id: uuid.UUID, at: datetime) -> bool:
    """Whether opening hours of the visit reason cover an instant, in local time."""
    day = at.astimezone(time.zone).date()
    return any(
        reason_id in reasons
        and occurs_on(opening, day)
        and instant(day, opening.from_time, time.zone) <= at
        and at < instant(day, opening.until_time, time.zone)
        for opening, reasons in time.openings
    )


def by_preference(agenda_ids: Iterable[uuid.UUID]) -> list[VisitReason]:
    """The visit reasons of some agendas, in the order in which the dashboard proposes them."""
    rows = VisitReason.objects.filter(agenda__in=list(agenda_ids))
    return list(
        rows.select_related("agenda__practitioner", "agenda__practice").order_by(
            "-active", "-patient_kind", "name", "pk"
        )
    )


def offered_at(
    visit_reasons: Sequence[VisitReason], *, starts_at: datetime, now: datetime
) -> list[VisitReason]:
    """The visit reasons among these that are offered at an instant: first those with a slot that
    starts exactly then, then those whose opening hours cover it. In the order given.
    """
    if not visit_reasons:
        return []
    times = agenda_time.load_agenda_times(
        agenda_ids={reason.agenda_id for reason in visit_reasons},
        since=starts_at,
        until=starts_at + _INSTANT,
        now=now,
        needs=agenda_time.needs_of(visit_reasons),
    )
    begin = [r for r in visit_reasons if _offers(times[r.agenda_id], r, starts_at)]
    cover = [r for r in visit_reasons if serves(times[r.agenda_id], r.pk, starts_at)]
    return begin + [reason for reason in cover if reason not in begin]


def next_free(
    visit_reasons: Sequence[VisitReason], *, since: datetime, now: datetime, count: int
) -> tuple[Found, datetime | None]:
    """Return the next free slots of these visit reasons from `since` on, and where the next page
    begins.

    `count` is the least number of slots; all slots that start together with the last one are
    included, so that paging loses none.
    """
    found: Found = []
    begins = max(since, now)
    for days in STRETCHES_DAYS:
        until = begins + timedelta(days=days)
        found += _free_between(visit_reasons, begins, until, now=now)
        begins = until
        if len(found) > count:
            break
    found.sort(key=lambda each: (each[1].starts_at, str(each[0].agenda.practitioner)))
    last = found[count - 1][1].starts_at if len(found) > count else None
    if last is None:
        return found, None
    page = [each for each in found if each[1].starts_at <= last]
    return page, last + _INSTANT if len(page) < len(found) else begins


def nearest(
    visit_reasons: Sequence[VisitReason], *, starts_at: datetime, now: datetime, count: int
) -> Found:
    """Return the free slots nearest to a time, in order of time, without past ones."""
    found = _free_between(
        visit_reasons, max(now, starts_at - NEAR_BEFORE), starts_at + NEAR_AFTER, now=now
    )
    found.sort(key=lambda each: (abs(each[1].starts_at - starts_at), each[1].starts_at))
    return sorted(found[:count], key=lambda each: each[1].starts_at)


def _free_between(
    visit_reasons: Sequence[VisitReason], since: datetime, until: datetime, *, now: datetime
) -> Found:
    if since >= until:
        return []
    slots = availability.free_slots_of_many(
        visit_reasons=visit_reasons, since=since, until=until, now=now, online=False
    )
    return [(reason, slot) for reason in visit_reasons for slot in slots[reason.pk]]


def free_by_opening(
    time: AgendaTime, visit_reasons: Sequence[VisitReason], *, since: datetime, until: datetime
) -> Found:
    """Return an agenda's free slots within one day; each of its opening hours is cut for one
    visit reason, the first of those given that it serves.
    """
    found: dict[datetime, tuple[VisitReason, Slot]] = {}
    if since >= until:
        return []
    day = since.astimezone(time.zone).date()
    for reason in visit_reasons:
        cut = [
            (
                instant(day, opening.from_time, time.zone),
                instant(day, opening.until_time, time.zone),
            )
            for opening, served in time.openings
            if occurs_on(opening, day) and _first_served(visit_reasons, served) == reason
        ]
        if not cut:
            continue
        for slot in availability.slots_of(time, reason, since, until):
            if any(begins <= slot.starts_at < ends for begins, ends in cut):
                found.setdefault(slot.starts_at, (reason, slot))
    return [found[at] for at in sorted(found)]


def _first_served(
    visit_reasons: Sequence[VisitReason], served: frozenset[uuid.UUID]
) -> VisitReason | None:
    return next((reason for reason in visit_reasons if reason.pk in served), None)


def unusual_at(*, visit_reason: VisitReason, starts_at: datetime, now: datetime) -> list[Why]:
    """Say why a practice is asked before it uses a time: it is past, or outside the opening hours,
    or a resource is out of service.

    Whether the time is already reserved is a separate question. Empty if there is nothing to ask.
    """
    if starts_at < now:
        return [Why.PAST]
    ends_at = starts_at + timedelta(minutes=visit_reason.duration_minutes)
    time = agenda_time.load_agenda_times(
        agenda_ids=[visit_reason.agenda_id],
        since=starts_at,
        until=ends_at,
        now=now,
        needs=visit_reason.needs,
    )[visit_reason.agenda_id]
    whys = []
    if _first_over(time.absences, (starts_at, ends_at)) is not None:
        whys.append(Why.ABSENT)
    elif time.openings and time.is_closed(starts_at.astimezone(time.zone).date()):
        whys.append(Why.HOLIDAY)
    elif not serves(time, visit_reason.pk, starts_at):
        whys.append(Why.OUTSIDE)
    if len(in_service(time.pieces)) < len(time.pieces):
        whys.append(Why.OUT_OF_SERVICE)
    return whys
