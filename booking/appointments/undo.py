"""Taking back a move or a cancellation while its former time is kept (former_time.UNDO)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from booking import actions
from booking.appointments.chains import cancelled_with, follower
from booking.appointments.change import locked, touch
from booking.appointments.former_time import cancel_key, move_key
from booking.appointments.freed import offer_soon
from booking.appointments.news import owed
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.reservations import take


class TooLateToUndo(Exception):
    """The time that was given back is free for others by now."""

    text = _("Trop tard pour revenir en arrière : le créneau est de nouveau proposé à tous.")


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """What a patient can take back: a move away from `starts_at`, or the cancellation."""

    starts_at: datetime
    until: datetime
    is_move: bool


def way_back(appointment: Appointment, *, now: datetime) -> WayBack | None:
    """What its patient did with a visit last, while it can be taken back."""
    is_move = appointment.status != Status.CANCELLED
    key = move_key(appointment) if is_move else cancel_key(appointment, channel=Channel.PATIENT)
    held = take.held_by(key=key, visit_reason=appointment.visit_reason, now=now)
    if not held:
        return None
    return WayBack(starts_at=held[0].starts_at, until=held[0].until, is_move=is_move)


@transaction.atomic
def restore(
    *, appointment: Appointment, actor: Actor, now: datetime, channel: Channel = Channel.PRACTICE
) -> Appointment:
    """Take a cancellation back while its time is kept; nobody hears of either.

    Raises TooLateToUndo.
    """
    appointment = locked(appointment)
    key = cancel_key(appointment, channel=channel)
    hold_id = take.find_hold(key=key, now=now)
    if appointment.status != Status.CANCELLED or hold_id is None:
        raise TooLateToUndo
    has_uses = bool(appointment.visit_reason.needs)
    kept = take.keep_hold(hold_id=hold_id, key=key, now=now, has_uses=has_uses)
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
    """Put a visit back where its patient moved it from, while that time is kept.

    The kept time is the visit's again, so it always succeeds until then; a visit that came along
    goes back too. The record keeps both moves; nobody hears of either. Raises TooLateToUndo.
    """
    appointment = locked(appointment)
    key, moved_from = move_key(appointment), appointment.starts_at
    hold_id = take.find_hold(key=key, now=now)
    if not appointment.is_active or hold_id is None:
        raise TooLateToUndo
    has_uses = bool(appointment.visit_reason.needs)
    kept = take.keep_hold(hold_id=hold_id, key=key, now=now, has_uses=has_uses)
    if kept is None:
        raise TooLateToUndo
    if appointment.taken_id is not None:
        take.release(appointment.taken_id)
    appointment.taken = kept
    appointment.starts_at, appointment.ends_at = take.slot_of(kept, appointment.visit_reason)
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
    if with_it is not None and take.find_hold(key=move_key(with_it), now=now) is not None:
        undo_move(appointment=with_it, actor=actor, now=now)
    touch(appointment)
    offer_soon(appointment.agenda_id, now=now)
    return appointment
