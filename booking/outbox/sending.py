"""Sending what is owed: claim, compose from revealed data, hand to the provider, note it.

A message is claimed, and its reveal recorded and committed, before anything leaves. A sender
that dies lets its claim lapse, and the message is sent again under the same Message-ID or
idempotency key; the only doubtful moment is between the provider's "yes" and the commit that notes
it.
"""

import logging
import uuid
from datetime import datetime
from smtplib import SMTPException

from django.db import transaction

from audit.outbox.outcomes import Left, NotTaken, NotYet, Outcome, Void
from booking.models import Message, Patient
from booking.models.message import MessageChannel
from booking.outbox import kinds, sms
from booking.outbox.letters import Letter, NothingToSay, hand_over
from booking.outbox.queue import MESSAGES
from booking.outbox.quiet_hours import zone_of_number

logger = logging.getLogger(__name__)


def send_owed(*, now: datetime) -> int:
    """Send what is due, a batch at most, and return how many messages left."""
    return MESSAGES.run(send_one, now=now)


def send_one(message_id: uuid.UUID, now: datetime) -> bool:
    """Send one owed message, and say whether it left; another sender's claim is respected."""
    with transaction.atomic():
        claim = MESSAGES.claim_one(message_id, now=now, related=kinds.related())
        if claim is None:
            return False
        made = _made(claim.row, now=now)
        if not isinstance(made, Letter):
            MESSAGES.note(claim, made, now=now)
            return False
    outcome = _handed_over(claim.row, made)
    MESSAGES.note(claim, outcome, now=now)
    return isinstance(outcome, Left)


def _made(message: Message, *, now: datetime) -> Letter | Outcome:
    """Compose a message, or say why it does not leave now.

    Night is asked about by what is noted of a number, before it is opened, and by the number
    itself: the note may be missing of a patient who was entered before there was one.
    """
    try:
        if (held_back := _held_back(message, now=now)) is not None:
            return held_back
        letter = kinds.compose(message, now=now)
        return _held_back(message, number=letter.to, now=now) or letter
    except NothingToSay:
        return Void()


def _held_back(message: Message, *, now: datetime, number: str = "") -> Outcome | None:
    """Why a text must not leave now (`kinds.text_at`); None where it may."""
    if message.channel != MessageChannel.SMS:
        return None
    told_zone = zone_of_number(number) if number else None
    if told_zone is not None:
        _note_zone(message, told_zone)
    at = kinds.text_at(message, now=now, zone_told=told_zone)
    if at is None:
        return Void()
    return NotYet(until=at) if at > now else None


def _note_zone(message: Message, told: str) -> None:
    window = kinds.window_of(message)
    if window is not None and window.patient.phone_zone != told:
        Patient.unscoped.filter(pk=window.patient.pk).update(phone_zone=told)


def _handed_over(message: Message, letter: Letter) -> Outcome:
    try:
        hand_over(
            letter, channel=message.channel, key=str(message.pk), message_id=message.message_id
        )
    except (SMTPException, OSError, sms.SmsNotSent) as error:
        logger.warning("message not taken", extra={"message_id": str(message.pk)})
        return NotTaken(type(error).__name__)
    return Left()
