"""The calendar objects that come with a mail about a visit."""

from collections.abc import Sequence
from datetime import datetime

from booking.appointments.calendar.calendar_file import (
    CANCEL,
    PUBLISH,
    REQUEST,
    calendar_file,
    cancelled_around,
    visits_around,
)
from booking.appointments.queries.series import cancelled_with
from booking.models import Appointment, Message
from booking.models.message import MessageKind
from booking.outbox.letters import CalendarPart, Letter


def enclose(letter: Letter, *, message: Message, appointment: Appointment, now: datetime) -> None:
    """Put into a mail the visits that it tells of, in the language that is active.

    Mail programs act upon the first, which stands as an alternative to the text. A file holds it
    too, with all others of its series or chain; what cancels is a file for each, since RFC 5546
    has one UID in a CANCEL.
    """
    if message.kind == MessageKind.CANCELLATION:
        gone = cancelled_around(appointment, cancelled_with(appointment))
        enclose_cancelled(letter, gone, now=now)
        return
    letter.invite = _part(letter, [appointment], REQUEST, now=now)
    is_confirmation = message.kind == MessageKind.CONFIRMATION
    visits = visits_around(appointment, with_series=is_confirmation)
    method = PUBLISH if len(visits) > 1 else REQUEST
    letter.files = [_part(letter, visits, method, now=now)]


def enclose_cancelled(letter: Letter, gone: Sequence[Appointment], *, now: datetime) -> None:
    """Put into a mail what takes each of these visits out of a calendar."""
    letter.invite = _part(letter, gone[:1], CANCEL, now=now)
    letter.files = [
        _part(
            letter, [visit], CANCEL, now=now, name="rendez-vous" if n == 1 else f"rendez-vous-{n}"
        )
        for n, visit in enumerate(gone, start=1)
    ]


def _part(
    letter: Letter,
    visits: Sequence[Appointment],
    method: str,
    *,
    now: datetime,
    name: str = "rendez-vous",
) -> CalendarPart:
    content = calendar_file(visits, method=method, now=now, attendee=letter.to)
    return CalendarPart(content=content, method=method, name=f"{name}.ics")
