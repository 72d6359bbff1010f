"""Undoing a move or a cancellation while its former time is held (former_time.UNDO)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking import actions
from booking.appointments.chains import cancelled_with, follower
from booking.appointments.change import locked, touch
from booking.appointments.former_time import cancel_key, move_key
from booking.appointments.freed import offer_soon
from booking.appointments.news import owed
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.reservations import holds


class TooLateToUndo(Refusal):
    """The former time has already been released to others."""

    text = _("Trop tard pour revenir en arrière : le créneau est de nouveau proposé à tous.")


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """What a patient can undo: a move from `starts_at`, or the cancellation."""

    starts_at: datetime
    until: datetime
    is_move: bool


def way_back(appointment: Appointment, *, now: datetime) -> WayBack | None:
    """The patient's last change of a visit, while it can be undone."""
    is_move = appointment.status != Status.CANCELLED
    key = move_key(appointment) if is_move else cancel_key(appointment, channel=Channel.PATIENT)
    held = holds.held_by(key=key, visit_reason=appointment.visit_reason, now=now)
    if not held:
        return None
    return WayBack(starts_at=held[0].starts_at, until=held[0].until, is_move=is_move)


@transaction.atomic
def restore(
    *, appointment: Appointment, actor: Actor, now: datetime, channel: Channel = Channel.PRACTICE
) -> Appointment:
    """Undo a cancellation while its time is held; nobody is notified of either.

    Raises TooLateToUndo.
    """
    appointment = locked(appointment)
    key = cancel_key(appointment, channel=channel)
    hold_id = holds.find_hold(key=key, now=now)
    if appointment.status != Status.CANCELLED or hold_id is None:
        raise TooLateToUndo
    has_uses = bool(appointment.visit_reason.needs)
    kept = holds.keep_hold(hold_id=hold_id, key=key, now=now, has_uses=has_uses)
    if kept is None:
        raise TooLateToUndo
    with_it = cancelled_with(appointment)
    appointment.taken, appointment.cancelled_at = kept, None
    appointment.status, appointment.cancelled_late = Status.BOOKED, False
    appointment.save()
    entries.write(
        actions.APPOINTMENT_RESTORED,
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
    )
    owed.owe_as_before(appointment=appointment, now=now)
    touch(appointment)
    if with_it is not None:
        restore(appointment=with_it, actor=actor, now=now, channel=channel)
    return appointment


@transaction.atomic
def undo_move(*, appointment: Appointment, actor: Actor, now: datetime) -> Appointment:
    """Move a visit back to its former time, while that time is held.

    The held time belongs to the visit again, so until then this always succeeds; a follow-up visit
    is moved back too. The record keeps both moves; nobody is notified of either. Raises
    TooLateToUndo.
    """
    appointment = locked(appointment)
    key, moved_from = move_key(appointment), appointment.starts_at
    hold_id = holds.find_hold(key=key, now=now)
    if not appointment.is_active or hold_id is None:
        raise TooLateToUndo
    has_uses = bool(appointment.visit_reason.needs)
    kept = holds.keep_hold(hold_id=hold_id, key=key, now=now, has_uses=has_uses)
    if kept is None:
        raise TooLateToUndo
    if appointment.taken_id is not None:
        holds.release(appointment.taken_id)
    appointment.taken = kept
    appointment.starts_at, appointment.ends_at = holds.slot_of(kept, appointment.visit_reason)
    appointment.moves += 1
    appointment.save()
    entries.write(
        actions.APPOINTMENT_MOVED,
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": moved_from.isoformat(), "to": appointment.starts_at.isoformat()},
    )
    with_it = follower(appointment)
    if appointment.follows_id is None:
        owed.owe_for_move(
            appointment=appointment, former_start=moved_from, now=now, takes_back=True
        )
    if with_it is not None and holds.find_hold(key=move_key(with_it), now=now) is not None:
        undo_move(appointment=with_it, actor=actor, now=now)
    touch(appointment)
    offer_soon(appointment.agenda_id, now=now)
    return appointment
