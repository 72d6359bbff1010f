"""Of which visits one message tells: its own, the others of its series, the one that follows."""

from booking.appointments import chains
from booking.appointments.queries.series import cancelled_with, taken_with
from booking.models import Appointment, Message
from booking.models.message import MessageKind


def told_with(message: Message, appointment: Appointment) -> list[Appointment]:
    """The others of a series that were taken or cancelled in the same go."""
    if message.kind == MessageKind.CONFIRMATION:
        return list(taken_with(appointment))
    if message.kind == MessageKind.CANCELLATION:
        return list(cancelled_with(appointment))
    return []


def then_of(message: Message, appointment: Appointment) -> Appointment | None:
    """The visit that follows, of which this message tells too."""
    if message.kind == MessageKind.CANCELLATION:
        return chains.cancelled_with(appointment)
    return chains.follower(appointment)


def everything_told(message: Message, appointment: Appointment) -> list[Appointment]:
    """All visits that a message tells of, its own one first."""
    then = then_of(message, appointment)
    return [appointment, *told_with(message, appointment), *([then] if then else [])]
