"""The visits that one message covers: its own, the others of its series, the follow-up visit."""

from booking.appointments import chains
from booking.appointments.queries.series import cancelled_with, taken_with
from booking.models import Appointment, Message
from booking.models.message import MessageKind


def told_with(message: Message, appointment: Appointment) -> list[Appointment]:
    """The other visits of a series that were booked or cancelled at the same time."""
    if message.kind == MessageKind.CONFIRMATION:
        return list(taken_with(appointment))
    if message.kind == MessageKind.CANCELLATION:
        return list(cancelled_with(appointment))
    return []


def then_of(message: Message, appointment: Appointment) -> Appointment | None:
    """The follow-up visit, which this message also covers."""
    if message.kind == MessageKind.CANCELLATION:
        return chains.cancelled_with(appointment)
    return chains.follower(appointment)


def everything_told(message: Message, appointment: Appointment) -> list[Appointment]:
    """All visits that a message covers, its own one first."""
    then = then_of(message, appointment)
    return [appointment, *told_with(message, appointment), *([then] if then else [])]
