"""The time that a visit has given back, kept for it while the change can be taken back."""

from datetime import datetime

from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain import take


def cancel_key(appointment: Appointment, *, channel: Channel) -> str:
    """Under which a cancelled visit's time is kept: each side takes back its own word alone."""
    return f"{'regret' if channel == Channel.PATIENT else 'undo'}{appointment.pk.hex}"


def move_key(appointment: Appointment) -> str:
    """Under which the time that a visit was moved from is kept."""
    return f"moved{appointment.pk.hex}"


def can_restore(
    appointment: Appointment, *, now: datetime, channel: Channel = Channel.PRACTICE
) -> bool:
    """Whether a cancellation can still be taken back by the side that made it."""
    if appointment.status != Status.CANCELLED:
        return False
    return take.find_hold(key=cancel_key(appointment, channel=channel), now=now) is not None


def may_come_back(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a cancellation can still be taken back, by whichever side made it."""
    sides = (Channel.PATIENT, Channel.PRACTICE)
    return any(can_restore(appointment, now=now, channel=side) for side in sides)
