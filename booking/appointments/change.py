"""Moving and cancelling appointments; taking it back is booking/appointments/undo.py."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.refusal import Refusal
from booking import actions
from booking.appointments import deadline
from booking.appointments.chains import follower
from booking.appointments.desk import unusual
from booking.appointments.former_time import cancel_key, move_key
from booking.appointments.freed import offer_soon
from booking.appointments.may_book import check_move
from booking.appointments.news import owed
from booking.appointments.several import conflicts
from booking.appointments.values import AT_ONCE, USUAL, By, Conditions, Telling
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.domain.scheduling.reservations.resources import mark_stale_with
from practitioners.models import VisitReason


class TooLateToChange(Refusal):
    """The practice's deadline for patients has passed: they move nothing any more."""

    text = _("Il est trop tard pour déplacer ce rendez-vous en ligne : appelez le cabinet.")


class NotMovedOnline(TooLateToChange):
    """The practice alone books the visit's reason: no time of it is offered to patients."""

    text = _(
        "Ce motif ne se réserve pas en ligne : pour déplacer ce rendez-vous, appelez le cabinet."
    )


class NotActive(Refusal):
    """The appointment is over or cancelled, so it cannot be changed."""

    text = _("Ce rendez-vous ne peut plus être modifié.")
    code = "not_active"


class HasBegun(NotActive):
    """The visit has begun: what becomes of it now is said to the practice."""

    text = _("Ce rendez-vous a commencé : appelez le cabinet pour le changer.")


class NotBegun(NotActive):
    """The visit has not begun: nobody can have missed it or been seen in it."""

    text = _("Ce rendez-vous n’a pas commencé : il ne peut pas encore être marqué absent ni vu.")
    code = "not_begun"


class NotItsDay(NotBegun):
    """The day of the visit has not come: nobody can have arrived for it."""

    text = _("Ce rendez-vous est un autre jour : il ne peut pas encore être marqué arrivé.")


class MovedMeanwhile(NotActive):
    """The visit is not where its patient saw it: it was moved elsewhere, or there already."""

    text = _("Ce rendez-vous a été déplacé entre-temps.")


class FollowsAnother(NotActive):
    """The visit is the second half of another one: a patient changes both by the first."""

    text = _("Ce rendez-vous en suit un autre : changez le premier, celui-ci viendra avec.")


@transaction.atomic
def move(
    *,
    appointment: Appointment,
    starts_at: datetime,
    by: By,
    now: datetime,
    visit_reason: VisitReason | None = None,
    conditions: Conditions = USUAL,
    telling: Telling = AT_ONCE,
    undo_within: timedelta = timedelta(),
    moves_from: datetime | None = None,
) -> Appointment:
    """Move an appointment to another slot of its own or another visit reason.

    A visit that follows comes along; where it has no place a patient cannot move, and a practice
    leaves it where it is.

    `undo_within`: for how long it can be taken back (booking/appointments/undo.py); until then
    nobody else gets the old time, which the new one may not overlap, and the news waits.
    `moves_from`: where it stood on the page from which it is moved.

    The reference and its history stay. The old time is freed and the new one taken in one
    transaction, an entry is written and the news is owed. Raises SlotTaken, OutsideOpening,
    TooLateToChange, NotForThisPatient, MovedMeanwhile, NotActive, UnusualTime, AlsoBooked.
    """
    take.queue_for(appointment.visit_reason, visit_reason or appointment.visit_reason)
    appointment = locked(appointment)
    if moves_from is not None and appointment.starts_at != moves_from:
        raise MovedMeanwhile
    reason = visit_reason or appointment.visit_reason
    _check_move(appointment, reason, by=by, now=now)
    former_agenda_id, former_start = appointment.agenda_id, appointment.starts_at
    touched = [(appointment.agenda, appointment.visit_reason.needs), (reason.agenda, reason.needs)]
    taken_id, ends_at = _change_time(
        appointment,
        reason,
        starts_at,
        online=by.is_patient,
        conditions=conditions,
        undo_within=undo_within,
        now=now,
    )
    appointment.visit_reason, appointment.taken_id = reason, taken_id
    _place(appointment, starts_at, ends_at, by=by)
    if not telling.is_told:
        owed.owe_for_move(
            appointment=appointment,
            former_start=former_start,
            now=now,
            after=max(telling.after, undo_within),
            takes_back=telling.takes_back,
            words=telling.words,
        )
    along = _bring_along(appointment, by=by, now=now, undo_within=undo_within)
    if conditions.heeding is not None:
        conflicts.check(appointments=[appointment, *along], seen=conditions.heeding)
    for agenda, needs in touched:
        transaction.on_commit(partial(mark_stale_with, agenda, needs), robust=True)
    offer_soon(former_agenda_id, now=now)
    return appointment


def _change_time(
    appointment: Appointment,
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    online: bool,
    conditions: Conditions,
    undo_within: timedelta,
    now: datetime,
) -> tuple[uuid.UUID, datetime]:
    """Take the new time and free the old one, or keep that for `undo_within`; return the new
    time's id and end.
    """
    former_id, key = appointment.taken_id, move_key(appointment)
    holds.release_holds(key=key)
    if former_id is not None and not undo_within:
        holds.release(former_id)
    taken_id, ends_at = take.take(
        visit_reason=visit_reason,
        starts_at=starts_at,
        now=now,
        online=online,
        anywhere=conditions.anywhere,
        minutes=conditions.minutes,
    )
    if conditions.asks_about_time:
        unusual.check(visit_reason=visit_reason, starts_at=starts_at, now=now)
    if former_id is not None and undo_within:
        holds.let_go(former_id, key=key, until=now + undo_within)
    return taken_id, ends_at


def _place(appointment: Appointment, starts_at: datetime, ends_at: datetime, *, by: By) -> None:
    """Write where an appointment stands now, which its visit reason was given before."""
    former_start, agenda = appointment.starts_at, appointment.visit_reason.agenda
    appointment.agenda, appointment.practice = agenda, agenda.practice
    appointment.starts_at, appointment.ends_at = starts_at, ends_at
    appointment.moves += 1
    appointment.save()
    entries.write(
        actions.APPOINTMENT_MOVED,
        actor=by.actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former_start.isoformat(), "to": starts_at.isoformat()},
    )


def following_start(
    first: Appointment, *, ends_at: datetime, now: datetime, may_overlap: bool = False
) -> datetime | None:
    """Where the visit that follows would come to stand if the first ended at `ends_at`.

    Where it is, if it still follows from there; else its next place, which overlaps its present
    time only where it may. None without one, and where nothing follows.
    """
    row, reason = follower(first), first.visit_reason
    if row is None or reason.then_id != row.visit_reason_id:
        return None
    if ends_at <= row.starts_at <= ends_at + timedelta(minutes=reason.then_within_minutes):
        return row.starts_at
    starts = availability.following_starts(
        visit_reason=reason,
        then=row.visit_reason,
        after=ends_at,
        now=now,
        ignoring=row.taken_id if may_overlap else None,
    )
    return starts[0] if starts else None


def _bring_along(
    first: Appointment, *, by: By, now: datetime, undo_within: timedelta
) -> list[Appointment]:
    """Move the visit that follows to where it can follow again, if it no longer does; return what
    was moved.
    """
    row, reason = follower(first), first.visit_reason
    if row is None or reason.then_id != row.visit_reason_id:
        return []
    starts_at = following_start(first, ends_at=first.ends_at, now=now, may_overlap=not undo_within)
    if starts_at == row.starts_at:
        return []
    if starts_at is not None:
        moved = move(
            appointment=row,
            starts_at=starts_at,
            by=replace(by, channel=Channel.PRACTICE),
            telling=Telling(is_told=True),
            now=now,
            undo_within=undo_within,
        )
        return [moved]
    if by.is_patient:
        raise take.NothingFollows
    return []


@transaction.atomic
def cancel(
    *,
    appointment: Appointment,
    by: By,
    now: datetime,
    telling: Telling = AT_ONCE,
    undo_within: timedelta = timedelta(),
    stands_at: datetime | None = None,
) -> Appointment:
    """Cancel an appointment: its time is free at once, the news is owed, an entry is written.

    `undo_within`: for how long it can be restored, during which nobody else gets the time and the
    patient hears nothing; `stands_at`: where it stood on the page from which it is cancelled.

    A patient may cancel whatever is to come; after the deadline it is late
    (booking/appointments/deadline.py), which a practice's or software's own cancellation never is.

    Raises NotActive, and MovedMeanwhile of it.
    """
    appointment = locked(appointment)
    if stands_at is not None and appointment.is_active and appointment.starts_at != stands_at:
        raise MovedMeanwhile
    _check_cancel(appointment, by=by, now=now)
    is_late = by.is_patient and deadline.is_late(appointment, now=now)
    rows = [appointment]
    if (row := follower(appointment)) is not None:
        rows.append(locked(row))
    for each in rows:
        _cancel(
            each,
            by=by,
            now=now,
            telling=telling,
            undo_within=undo_within,
            is_late=is_late,
        )
        telling = replace(telling, is_told=telling.is_told or owed.is_news(each, now=now))
    return appointment


def _cancel(
    appointment: Appointment,
    *,
    by: By,
    now: datetime,
    telling: Telling,
    undo_within: timedelta,
    is_late: bool,
) -> None:
    """Cancel one appointment that may be; the visit that follows is as late as the first."""
    taken_id, appointment.taken = appointment.taken_id, None
    appointment.status, appointment.cancelled_at = Status.CANCELLED, now
    appointment.cancelled_late = is_late
    appointment.save()
    holds.release_holds(key=move_key(appointment))
    if taken_id is not None:
        if undo_within:
            undo_key = cancel_key(appointment, channel=by.channel)
            holds.let_go(taken_id, key=undo_key, until=now + undo_within)
        else:
            holds.release(taken_id)
    entries.write(
        actions.APPOINTMENT_CANCELLED,
        actor=by.actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"late": True} if is_late else {},
    )
    owed.owe_for_cancellation(
        appointment=appointment,
        now=now,
        words=telling.words,
        after=undo_within,
        is_told=telling.is_told,
    )
    touch(appointment)
    offer_soon(appointment.agenda_id, now=now)


def locked(appointment: Appointment) -> Appointment:
    """Read the row again under a lock: two people may be changing it at once."""
    return (
        Appointment.unscoped.select_for_update(no_key=True, of=("self",))
        .select_related("visit_reason", "agenda__practice", "practice", "patient")
        .get(pk=appointment.pk)
    )


def touch(appointment: Appointment) -> None:
    """Let the search look at the agenda again once this is committed."""
    needs = appointment.visit_reason.needs
    transaction.on_commit(partial(mark_stale_with, appointment.agenda, needs), robust=True)


def check_active(appointment: Appointment) -> None:
    """Raise NotActive where a visit is over or cancelled: neither side moves or cancels it."""
    if not appointment.is_active:
        raise NotActive


def _check_move(
    appointment: Appointment, visit_reason: VisitReason, *, by: By, now: datetime
) -> None:
    """Hold a patient to the deadline and to the rules of another reason; others to nothing but
    that the visit stands.
    """
    check_active(appointment)
    if not by.is_patient:
        return
    if appointment.follows_id is not None:
        raise FollowsAnother
    terms = deadline.terms(appointment, now=now)
    if not terms.can_move:
        if appointment.starts_at <= now:
            raise HasBegun
        raise TooLateToChange if terms.is_online else NotMovedOnline
    check_move(appointment=appointment, visit_reason=visit_reason)


def _check_cancel(appointment: Appointment, *, by: By, now: datetime) -> None:
    """Let a patient cancel what is to come, others whatever stands."""
    check_active(appointment)
    if not by.is_patient:
        return
    terms = deadline.terms(appointment, now=now)
    if terms.first is not None:
        raise FollowsAnother
    if not terms.can_cancel:
        raise HasBegun
