"""The former time of a visit, held for it while the change can be undone."""

from datetime import datetime, timedelta

from booking.models import Appointment, Message
from booking.models.appointment import Channel, Status
from booking.models.message import MessageKind, MessageState
from practitioners.domain.scheduling.reservations import holds

# For how long a move or a cancellation can be taken back before anybody hears of it.
UNDO = timedelta(seconds=30)


def cancel_key(appointment: Appointment, *, channel: Channel) -> str:
    """The key of a cancelled visit's hold: each side can only undo its own cancellation."""
    return f"{'regret' if channel == Channel.PATIENT else 'undo'}{appointment.pk.hex}"


def move_key(appointment: Appointment) -> str:
    """The key of the hold of the time that a visit was moved from."""
    return f"moved{appointment.pk.hex}"


def can_restore(
    appointment: Appointment, *, now: datetime, channel: Channel = Channel.PRACTICE
) -> bool:
    """Whether a cancellation can still be undone by the side that made it."""
    if appointment.status != Status.CANCELLED:
        return False
    return holds.find_hold(key=cancel_key(appointment, channel=channel), now=now) is not None


def may_be_taken_back(appointment: Appointment, *, now: datetime) -> bool:
    """Whether the last move or cancellation of a visit, by either side, can still be undone.

    Until then nothing that belongs to the visit ends by it. The time of a cancelled visit is held,
    and that from which a patient moved one; after a move on the dashboard's agenda the notification
    waits.
    """
    sides = (Channel.PATIENT, Channel.PRACTICE)
    return (
        any(can_restore(appointment, now=now, channel=side) for side in sides)
        or holds.find_hold(key=move_key(appointment), now=now) is not None
        or Message.objects.filter(
            appointment=appointment,
            kind=MessageKind.CHANGE,
            state=MessageState.OWED,
            due_at__gt=now,
            due_at__lte=now + UNDO,
        ).exists()
    )
