"""The calendar objects that come with a mail about a visit."""

from collections.abc import Sequence
from datetime import datetime

from booking.domain.calendar_file import (
    CANCEL,
    PUBLISH,
    REQUEST,
    calendar_file,
    cancelled_around,
    visits_around,
)
from booking.domain.letters import CalendarPart, Letter
from booking.models import Appointment, Message
from booking.models.message import MessageKind
from booking.queries.series import cancelled_with


def enclose(letter: Letter, *, message: Message, appointment: Appointment, now: datetime) -> None:
    """Put into a mail the visits that it tells of, in the language that is active.

    Mail programs act upon the first, which stands as an alternative to the text. A file holds it
    too, with all others of its series or chain; what cancels is a file for each, since RFC 5546
    has one UID in a CANCEL.
    """

    def part(visits: Sequence[Appointment], method: str, name: str = "rendez-vous") -> CalendarPart:
        content = calendar_file(visits, method=method, now=now, attendee=letter.to)
        return CalendarPart(content=content, method=method, name=f"{name}.ics")

    if message.kind == MessageKind.CANCELLATION:
        gone = cancelled_around(appointment, cancelled_with(appointment))
        letter.invite = part(gone[:1], CANCEL)
        letter.files = [
            part([visit], CANCEL, "rendez-vous" if n == 1 else f"rendez-vous-{n}")
            for n, visit in enumerate(gone, start=1)
        ]
        return
    letter.invite = part([appointment], REQUEST)
    is_confirmation = message.kind == MessageKind.CONFIRMATION
    visits = visits_around(appointment, with_series=is_confirmation)
    letter.files = [part(visits, PUBLISH if len(visits) > 1 else REQUEST)]
