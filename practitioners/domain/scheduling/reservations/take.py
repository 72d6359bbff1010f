"""Reservations of an agenda: holds, and the time of appointments.

PostgreSQL decides: an exclusion constraint covers agenda, seat and period. The insert says ON
CONFLICT DO NOTHING, which waits for a concurrent transaction instead of deadlocking with it, and
the number of rows tells which one won. See docs/subsystems/booking.md.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.refusal import Refusal
from practitioners.domain.scheduling import agenda_time, availability
from practitioners.domain.scheduling.reservations import pieces, session_seats
from practitioners.domain.scheduling.reservations.holds import held_by, release, right_after
from practitioners.domain.scheduling.rules import notice
from practitioners.models import Taken, VisitReason

HOLD_MINUTES = 7


class SlotTaken(Refusal):
    """The slot is already reserved."""

    text = _("Ce créneau est déjà pris.")
    code = "slot_taken"


class ResourceTaken(SlotTaken):
    """The practitioner is free, but a room or a device that the visit needs is in use."""

    text = _("Une salle ou un appareil nécessaire est déjà pris à cette heure.")


class OutOfService(ResourceTaken):
    """A room or a device that the visit needs is out of service."""

    text = _("Une salle ou un appareil nécessaire est hors service.")


class NothingFollows(SlotTaken):
    """The first visit can be reserved, but its follow-up visit has no slot soon enough after it."""

    text = _("Le rendez-vous qui suit celui-ci n’a pas de place à cette heure.")


class OutsideOpening(Refusal):
    """The agenda offers no such slot for this visit reason."""

    text = _("Ce créneau n’est pas proposé pour ce motif.")
    code = "outside_openings"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The properties of a hold: its end, and the secret key of the session that holds it."""

    until: datetime
    key: str


def take(
    *,
    visit_reason: VisitReason,
    starts_at: datetime,
    now: datetime,
    online: bool = True,
    anywhere: bool = False,
    hold: Hold | None = None,
    minutes: int | None = None,
    overbooks: bool = False,
) -> tuple[uuid.UUID, datetime]:
    """Reserve one slot, and return the Taken row's id and the slot's end.

    With `overbooks`, reserved time is reserved once more, as often as the agenda allows. `minutes`
    is the length that a practice wants, if it differs from the visit reason's.

    Must run in a transaction. With `anywhere`, a practice places an appointment outside its opening
    hours, and without resources that are out of service; the constraints still refuse reserved time
    and resources in use. Raises SlotTaken, ResourceTaken or OutsideOpening; the transaction must
    then be rolled back.
    """
    since, until = starts_at, starts_at + timedelta(microseconds=1)
    queue_for(visit_reason)
    time = agenda_time.load_agenda_times(
        agenda_ids=[visit_reason.agenda_id],
        since=since,
        until=until,
        now=now,
        needs=visit_reason.needs,
    )[visit_reason.agenda_id]
    if anywhere:
        time.pieces = pieces.in_service(time.pieces)
    offered = _offers(time, visit_reason, starts_at, now=now, online=online)
    if offered is None and not anywhere:
        raise _why_not(time, visit_reason, starts_at, now=now, online=online)
    if minutes is None and offered is not None and offered.in_session:
        period = (offered.starts_at, offered.ends_at)
        ends_at = offered.ends_at
        taken_id = _take_seat(visit_reason, period, now=now, hold=hold)
        shared_by = pieces.of_session(visit_reason.agenda_id, starts_at)
    else:
        ends_at = starts_at + timedelta(minutes=minutes or visit_reason.duration_minutes)
        period = (
            starts_at - timedelta(minutes=visit_reason.buffer_before_minutes),
            ends_at + timedelta(minutes=visit_reason.buffer_after_minutes),
        )
        at_most = visit_reason.agenda.overbooks_at_most if overbooks else 0
        taken_id = _take_own_time(visit_reason, period, at_most=at_most, now=now, hold=hold)
        shared_by = taken_id
    _claim(
        visit_reason, taken_id, period, shared_by=shared_by, now=now, hold=hold,
        goes_without=anywhere,
    )  # fmt: skip
    return taken_id, ends_at


def queue_for(*visit_reasons: VisitReason) -> None:
    """Wait for transactions that reserve time and rooms of the same practices. Call it before
    anything is locked or freed: then no transaction that is waited for waits itself.
    """
    practices = {
        reason.agenda.practice_id
        for reason in visit_reasons
        if reason.needs or reason.then_id is not None
    }
    for practice_id in sorted(practices):
        pieces.lock_resources(practice_id)


def follower_of(visit_reason: VisitReason) -> VisitReason | None:
    """The follow-up reason of a visit reason, if the caller may see its agenda."""
    if visit_reason.then_id is None:
        return None
    rows = VisitReason.objects.select_related("agenda__practice", "agenda__practitioner")
    return rows.filter(pk=visit_reason.then_id).first()


def take_following(
    *,
    visit_reason: VisitReason,
    after: datetime,
    now: datetime,
    hold: Hold | None = None,
    key: str = "",
) -> tuple[VisitReason, uuid.UUID, datetime, datetime]:
    """Reserve the follow-up visit of one that ends at `after`: the hold of this key, or else the
    soonest slot.

    Returns its visit reason, the Taken row's id, its start and its end. Must run in the transaction
    that reserved the first visit. Raises NothingFollows, and OutsideOpening if the caller may not
    see the other agenda.
    """
    then = follower_of(visit_reason)
    if then is None:
        raise OutsideOpening
    held = held_by(key=key, visit_reason=then, now=now)
    for slot in held:
        release(slot.id)
    shown = {slot.starts_at for slot in held}
    starts = availability.following_starts(
        visit_reason=visit_reason, then=then, after=after, now=now
    )
    for starts_at in sorted(starts, key=lambda at: (at not in shown, at)):
        with suppress(SlotTaken), transaction.atomic():
            taken_id, ends_at = take(
                visit_reason=then, starts_at=starts_at, now=now, online=False, hold=hold
            )
            return then, taken_id, starts_at, ends_at
    raise NothingFollows


def hold_both(
    *, visit_reason: VisitReason, starts_at: datetime, now: datetime, hold: Hold
) -> tuple[uuid.UUID, datetime]:
    """Hold a slot, and the slot of its follow-up visit if there is one, as `take` does."""
    first, ends_at = take(visit_reason=visit_reason, starts_at=starts_at, now=now, hold=hold)
    if visit_reason.then_id is not None:
        take_following(visit_reason=visit_reason, after=ends_at, now=now, hold=hold)
    return first, ends_at


def _take_own_time(
    visit_reason: VisitReason,
    period: pieces.Period,
    *,
    at_most: int,
    now: datetime,
    hold: Hold | None,
) -> uuid.UUID:
    """Reserve the practitioner's own time, or up to `at_most` times in addition to it."""
    for seat in range(at_most):
        with suppress(SlotTaken):
            return _insert(visit_reason, period, seat=seat, now=now, hold=hold)
    return _insert(visit_reason, period, seat=at_most, now=now, hold=hold)


def _claim(
    visit_reason: VisitReason,
    taken_id: uuid.UUID,
    period: pieces.Period,
    *,
    shared_by: uuid.UUID,
    now: datetime,
    hold: Hold | None,
    goes_without: bool,
) -> None:
    if not visit_reason.needs:
        return
    refused = pieces.claim(
        needs=visit_reason.needs,
        taken_id=taken_id,
        period=period,
        shared_by=shared_by,
        now=now,
        hold_until=hold.until if hold else None,
        goes_without=goes_without,
    )
    if refused is not None:
        raise ResourceTaken


def _why_not(
    time: agenda_time.AgendaTime,
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    now: datetime,
    online: bool,
) -> Exception:
    """Raise the reason why a slot is not offered: its resources are in use or missing, or it is
    no slot.
    """
    needed, time.pieces = time.pieces, pieces.in_service(time.pieces)
    if _offers(time, visit_reason, starts_at, now=now, online=online) is not None:
        return OutOfService() if len(time.pieces) < len(needed) else ResourceTaken()
    time.pieces = {}
    if _offers(time, visit_reason, starts_at, now=now, online=online) is not None:
        return ResourceTaken()
    time.own_time, time.seats = [], []
    if _offers(time, visit_reason, starts_at, now=now, online=online) is not None:
        return SlotTaken()
    return OutsideOpening()


def _offers(
    time: agenda_time.AgendaTime,
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    now: datetime,
    online: bool,
) -> availability.Slot | None:
    if online and notice.outside(visit_reason, starts_at=starts_at, now=now) is not None:
        return None
    until = starts_at + timedelta(microseconds=1)
    return next(availability.slots_of(time, visit_reason, starts_at, until), None)


_INSERT = """
    INSERT INTO practitioners_taken
        (id, agenda_id, visit_reason_id, period, seat, hold_until, hold_key)
    VALUES (%s, %s, %s, tstzrange(%s, %s), %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
_DROP_EXPIRED = """
    DELETE FROM practitioners_taken
    WHERE agenda_id = %s AND seat = %s AND period && tstzrange(%s, %s) AND hold_until <= %s
"""


def _insert(
    visit_reason: VisitReason,
    period: pieces.Period,
    *,
    seat: int,
    now: datetime,
    hold: Hold | None,
) -> uuid.UUID:
    taken_id = new_id()
    row = (
        taken_id,
        visit_reason.agenda_id,
        visit_reason.pk,
        *period,
        seat,
        hold.until if hold else None,
        hold.key if hold else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, row)
        if cursor.rowcount:
            return taken_id
        # Only a conflict makes it worth looking for an expired hold that nobody has cleared.
        cursor.execute(_DROP_EXPIRED, (visit_reason.agenda_id, seat, *period, now))
        if cursor.rowcount:
            cursor.execute(_INSERT, row)
            if cursor.rowcount:
                return taken_id
    raise SlotTaken


def _take_seat(
    visit_reason: VisitReason, cell: pieces.Period, *, now: datetime, hold: Hold | None
) -> uuid.UUID:
    """Reserve a place of a session, moving other bookings to other places where that helps.

    Bookings of one session slot queue on an advisory lock, which ends with the transaction.
    """
    session_seats.lock_cell(visit_reason.agenda_id, cell)
    seat = session_seats.reseat(
        agenda_id=visit_reason.agenda_id, cell=cell, now=now, newcomer=visit_reason.pk
    )
    if seat is None:
        raise SlotTaken
    return _insert(visit_reason, cell, seat=seat, now=now, hold=hold)


def hold(
    *, visit_reason: VisitReason, starts_at: datetime, key: str, now: datetime, count: int = 1
) -> tuple[uuid.UUID, datetime]:
    """Hold a slot for HOLD_MINUTES for one session, and release what it held before.

    With `count`, hold that many consecutive slots; if the visit reason has a follow-up reason, both
    slots are held and `count` is 1. Returns the first hold's id and when all of them end. Raises
    SlotTaken or OutsideOpening; then the former hold stays.
    """
    until = now + timedelta(minutes=HOLD_MINUTES)
    terms = Hold(until=until, key=key)
    with transaction.atomic():
        queue_for(visit_reason)
        Taken.objects.filter(hold_key=key, hold_until__isnull=False).delete()
        if visit_reason.then_id is not None and count > 1:
            raise OutsideOpening
        first, _ends = hold_both(
            visit_reason=visit_reason, starts_at=starts_at, now=now, hold=terms
        )
        last = first
        for _n in range(count - 1):
            next_at = right_after(Taken.objects.get(pk=last), visit_reason)
            last, _ends = take(visit_reason=visit_reason, starts_at=next_at, now=now, hold=terms)
    return first, until
