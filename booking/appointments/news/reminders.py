"""Reminders: when each is due, and which of two equal ones is sent."""

from datetime import datetime, timedelta

from django.db.models import Q

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Account, Appointment, Message
from booking.models.accounts.account import Reminders
from booking.models.appointment import Status
from booking.models.message import MessageChannel, MessageKind, MessageState
from booking.outbox.quiet_hours import when_to_text, zone_where

# Two texts about one visit in less time than this say nothing new: the night has brought them
# together.
APART = timedelta(hours=1)
# After an outage two are due at once, or nearly. Shorter than the hour between two usual ones.
NEARLY = timedelta(minutes=30)


def due_times(
    appointment: Appointment, *, channel: MessageChannel, now: datetime
) -> list[tuple[int, datetime]]:
    """Return the hours before a visit at which it is recalled by a channel, and when each is due.

    A text message that would be sent at night is sent the evening before (`quiet_hours`); of two
    that coincide, the one nearer to the visit stays.
    """
    found: list[tuple[int, datetime]] = []
    for hours in sorted(set(appointment.practice.reminder_hours)):
        at: datetime | None = appointment.starts_at - timedelta(hours=hours)
        if at is None or at <= now:
            continue
        if channel == MessageChannel.SMS:
            at = when_to_text(
                wished_at=at,
                zone=zone_where(
                    told=appointment.patient.phone_zone, practice_zone=appointment.practice.zone
                ),
                now=now,
                useful_until=appointment.starts_at,
                may_be_earlier=True,
            )
        if at is not None and all(abs(at - other) >= APART for _hours, other in found):
            found.append((hours, at))
    return found


def turn_of(hours: int, *, moves: int) -> str:
    """An identifier of one reminder of a visit, different from those of its former times."""
    return f"{hours}h/{moves}"


def is_unwanted(appointment: Appointment, account: Account, *, by_sms: bool) -> bool:
    """Whether the account wants no reminders, or wants them by the other channel and has it."""
    if account.reminders == Reminders.NONE:
        return True
    if by_sms:
        return account.reminders == Reminders.EMAIL
    has_sms = appointment.patient.phone is not None and appointment.practice.reminds_by_sms
    return account.reminders == Reminders.SMS and has_sms


def is_told_by_another(message: Message, *, now: datetime) -> bool:
    """Whether another reminder covers, now or shortly before, the content of this one.

    If an outage makes two reminders of one visit coincide, only the one nearer to the visit is
    sent. Of two equal text messages to one phone, of a family whose visits start together with one
    practitioner, one is sent. The choice does not depend on the order of sending.
    """
    appointment = message.appointment
    if appointment is None:
        return False
    others = Message.objects.filter(
        Q(state=MessageState.OWED, due_at__lt=now + NEARLY)
        | Q(state=MessageState.SENT, sent_at__gt=now - NEARLY),
        kind=MessageKind.REMINDER,
        channel=message.channel,
    ).exclude(pk=message.pk)
    of_visit = others.filter(appointment=appointment, turn__endswith=f"/{appointment.moves}")
    if any(row.state == MessageState.SENT or _hours(row) < _hours(message) for row in of_visit):
        return True
    return message.channel == MessageChannel.SMS and any(
        row.state == MessageState.SENT or row.pk < message.pk
        for row in others.filter(
            appointment__agenda=appointment.agenda_id,
            appointment__starts_at=appointment.starts_at,
            appointment__status=Status.BOOKED,
            appointment__patient__phone_index=appointment.patient.phone_index,
        )
        .exclude(appointment=appointment)
        .select_related("appointment__patient__account")
        if _reads_alike(row.appointment, appointment)
    )


def _hours(message: Message) -> int:
    return int(message.turn.partition("h")[0])


def _reads_alike(one: Appointment | None, other: Appointment) -> bool:
    """Whether the text messages about two visits at one time with one practitioner are the same.

    The index that found them is shortened, so the numbers themselves are compared, with an entry.
    """
    if one is None or one.patient.account_id != other.patient.account_id:
        # Another account may want no texts, or another language.
        return False
    wanted = [(one.patient, ("phone",)), (other.patient, ("phone",))]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        return plain.text(one.patient, "phone") == plain.text(other.patient, "phone")
