"""Queueing messages to patients about their appointments, and whether these messages reach them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from booking.appointments.news import reminders, told
from booking.appointments.queries.series import taken_with
from booking.models import Appointment, Message
from booking.models.message import MessageChannel, MessageKind, MessageState
from booking.outbox.kinds import text_at
from booking.outbox.messages import owe
from booking.outbox.recipients import channels_of


def owe_for_booking(*, appointment: Appointment, now: datetime, is_confirmed: bool = False) -> None:
    """Queue an appointment's confirmation, unless another message covers it, and its reminders."""
    rows = _reminders(appointment, now=now)
    if not is_confirmed:
        rows = _of_kind(MessageKind.CONFIRMATION, appointment, due_at=now, now=now) + rows
    owe(rows)


def owe_for_series(*, first: Appointment, now: datetime) -> None:
    """Queue the one confirmation of appointments that were booked together."""
    owe(_of_kind(MessageKind.CONFIRMATION, first, due_at=now, now=now))


def owe_for_move(
    *,
    appointment: Appointment,
    former_start: datetime,
    now: datetime,
    after: timedelta = timedelta(),
    takes_back: bool = False,
    words: str = "",
) -> None:
    """Queue the notification of a move and new reminders; messages about the former time become
    void.

    `words`: the practice's comment. `former_start`: the time before the move; if the notification
    of an earlier move was not sent, the patient still knows the time before that one.

    The notification waits for `after`. With `takes_back` the last move is undone: if its
    notification was not sent, there is none of either, and the messages that it made void are
    queued again.
    """
    last = Message.objects.filter(
        appointment=appointment, kind=MessageKind.CHANGE, turn=str(appointment.moves - 1)
    )
    unsaid = last.filter(state=MessageState.OWED).order_by("pk").first()
    is_secret = takes_back and unsaid is not None
    known_start = unsaid.former_start if unsaid is not None else None
    _pass_on(appointment)
    _void(appointment, [MessageKind.CONFIRMATION, MessageKind.CHANGE, MessageKind.REMINDER])
    if is_secret:
        last.delete()
        _owe_last_news(appointment)
        rows = []
    else:
        turn = str(appointment.moves)
        rows = _of_kind(
            MessageKind.CHANGE, appointment, due_at=now + after, now=now, turn=turn, words=words
        )
        for row in rows:
            row.former_start = known_start or former_start
    owe(rows + _reminders(appointment, now=now))


def _owe_last_news(appointment: Appointment) -> None:
    """Queue the latest notification of an appointment's time again, if a later move made it
    void.
    """
    news = Message.objects.filter(
        appointment=appointment, kind__in=[MessageKind.CONFIRMATION, MessageKind.CHANGE]
    )
    newest = news.order_by("-created_at", "-pk").first()
    if newest is not None and newest.state == MessageState.VOID:
        Message.objects.filter(pk=newest.pk).update(state=MessageState.OWED)


def owe_for_cancellation(
    *,
    appointment: Appointment,
    now: datetime,
    words: str = "",
    after: timedelta = timedelta(),
    is_told: bool = False,
) -> None:
    """Queue the cancellation notice, unless another message covers it; all other queued messages
    of the appointment become void. The notice waits for `after`.
    """
    _pass_on(appointment)
    _void(appointment, list(MessageKind))
    if is_told:
        return
    turn = now.isoformat(timespec="milliseconds")
    owe(
        _of_kind(
            MessageKind.CANCELLATION,
            appointment,
            due_at=now + after,
            now=now,
            turn=turn,
            words=words,
        )
    )


def owe_as_before(*, appointment: Appointment, now: datetime) -> None:
    """Queue again the messages that an undone cancellation made void, and void its notice."""
    _void(appointment, [MessageKind.CANCELLATION])
    void = Message.objects.filter(appointment=appointment, state=MessageState.VOID)
    of_this_time = Q(kind=MessageKind.CHANGE, turn=str(appointment.moves))
    if not appointment.moves:
        of_this_time |= Q(kind=MessageKind.CONFIRMATION)
    coming = Q(kind=MessageKind.REMINDER, turn__endswith=f"h/{appointment.moves}", due_at__gt=now)
    void.filter(of_this_time | coming).update(state=MessageState.OWED)


def is_stale(message: Message, appointment: Appointment, *, now: datetime) -> bool:
    """Whether a message is too late to be useful: every visit that it covers has begun, as after an
    outage.

    Not for a cancellation: the patient may have come in vain, or a calendar still shows the visit.
    """
    return message.kind != MessageKind.CANCELLATION and all(
        visit.starts_at <= now for visit in told.everything_told(message, appointment)
    )


def is_news(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a change of a visit is notified: not if the visit has begun; a visit changed at
    the same time then carries the notification.
    """
    return appointment.starts_at > now


class Reach(StrEnum):
    """Whether and how the patient of a visit is notified of a change."""

    HEARS = "hears"
    TOO_LATE = "too late"
    UNREACHABLE = "unreachable"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class News:
    """How a patient is notified, and when the message is sent."""

    reach: Reach
    channel: MessageChannel | None = None
    leaves_at: datetime | None = None

    @property
    def needs_call(self) -> bool:
        """Whether a person has to call the patient."""
        return self.reach in (Reach.TOO_LATE, Reach.UNREACHABLE)


def news_of(
    appointment: Appointment,
    *,
    now: datetime,
    expected_at: datetime | None = None,
    after: timedelta = timedelta(),
) -> News:
    """Return how the patient is notified of a change of a visit, given as it is after the change:
    by the message that `_of_kind` would queue. The notification waits for `after`.

    There is no notification of a visit that has begun (OVER), and none without e-mail and phone
    (UNREACHABLE). At night a text message is too late if it is sent after the visit has begun, or
    at `expected_at` or later, when the patient would come in vain (TOO_LATE).
    """
    if not is_news(appointment, now=now):
        return News(reach=Reach.OVER)
    owed = _of_kind(MessageKind.CHANGE, appointment, due_at=now + after, now=now)
    if not owed:
        return News(reach=Reach.UNREACHABLE)
    (row,) = owed
    if row.channel == MessageChannel.EMAIL:
        return News(reach=Reach.HEARS, channel=MessageChannel.EMAIL, leaves_at=row.due_at)
    leaves_at = text_at(row, now=now)
    if leaves_at is None or (expected_at is not None and now < expected_at <= leaves_at):
        return News(reach=Reach.TOO_LATE, channel=MessageChannel.SMS)
    return News(reach=Reach.HEARS, channel=MessageChannel.SMS, leaves_at=leaves_at)


def _reminders(appointment: Appointment, *, now: datetime) -> list[Message]:
    return [
        Message(
            kind=MessageKind.REMINDER,
            channel=channel,
            appointment=appointment,
            turn=reminders.turn_of(hours, moves=appointment.moves),
            due_at=due_at,
            created_at=now,
        )
        for channel in channels_of(appointment.patient, by_sms=appointment.practice.reminds_by_sms)
        for hours, due_at in reminders.due_times(appointment, channel=channel, now=now)
    ]


def _of_kind(
    kind: MessageKind,
    appointment: Appointment,
    *,
    due_at: datetime,
    now: datetime,
    turn: str = "",
    words: str = "",
) -> list[Message]:
    """The one message about a visit: by e-mail immediately, otherwise by text message, by day.

    None for a visit that has begun: its patient is there, or has been.
    """
    if not is_news(appointment, now=now):
        return []
    channels = channels_of(appointment.patient, by_sms=appointment.practice.reminds_by_sms)
    rows = [
        Message(
            kind=kind,
            channel=channel,
            appointment=appointment,
            turn=turn,
            words=words,
            due_at=due_at,
            created_at=now,
        )
        for channel in channels[:1]
    ]
    for row in rows:
        if row.channel == MessageChannel.SMS:
            # A text that would be too late is queued anyway, and is void when it is due.
            row.due_at = text_at(row, now=now) or due_at
    return rows


def _pass_on(appointment: Appointment) -> None:
    """Pass the confirmation of a series to the next of its visits that is still booked."""
    others = taken_with(appointment) if appointment.series is not None else None
    theirs = Message.objects.filter(kind=MessageKind.CONFIRMATION)
    if others is None or theirs.filter(appointment__in=others).exists():
        return
    if (heir := others.first()) is not None:
        theirs.filter(appointment=appointment, state=MessageState.OWED).update(appointment=heir)


def _void(appointment: Appointment, kinds: Iterable[MessageKind]) -> None:
    Message.objects.filter(
        appointment=appointment, kind__in=list(kinds), state=MessageState.OWED
    ).update(state=MessageState.VOID)
