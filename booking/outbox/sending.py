"""Sending what is owed: claim, compose from revealed data, hand to the provider, note it.

A message is claimed, and its reveal recorded and committed, before anything leaves. A sender
that dies lets go of its claim after CLAIM_SECONDS and the message is sent again under the same
Message-ID or idempotency key; the only doubtful moment is between the provider's "yes" and the
commit that notes it.
"""

import logging
import uuid
from datetime import datetime, timedelta
from smtplib import SMTPException
from time import monotonic

from django.db import transaction
from django.db.models import Q

from booking.models import Message, Patient
from booking.models.message import MessageChannel, MessageState
from booking.outbox import kinds, sms
from booking.outbox.letters import NothingToSay, hand_over
from booking.outbox.quiet_hours import zone_of_number

logger = logging.getLogger(__name__)

CLAIM_SECONDS = 60
BATCH = 100
# Minutes until the next attempt, after the first, second, … failure; then it is given up.
BACKOFF_MINUTES = (1, 2, 5, 15, 60, 240)


class NotAtNight(Exception):
    """It is night where the person is, and a text would wake them."""

    def __init__(self, *, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def send_owed(*, now: datetime) -> int:
    """Send what is due, and return how many messages left."""
    due = Message.objects.filter(state=MessageState.OWED, due_at__lte=now).filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    )
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True)[:BATCH])
    started = monotonic()
    sent = 0
    for message_id in ids:
        # A slow provider makes a batch last: each claim runs from its own moment.
        elapsed = timedelta(seconds=monotonic() - started)
        at = now + elapsed
        try:
            sent += send_one(message_id=message_id, now=at)
        except Exception as error:  # one message that cannot be made must not hold up the others
            logger.exception("message could not be made")
            _note_failure(message_id, type(error).__name__, now=at)
    return sent


def send_one(*, message_id: uuid.UUID, now: datetime) -> bool:
    """Send one owed message, and say whether it left; another sender's claim is respected."""
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related(*kinds.related())
            .filter(pk=message_id, state=MessageState.OWED)
            .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
            .first()
        )
        if message is None:
            return False
        try:
            _mind_the_night(message, now=now)
            letter = kinds.compose(message, now=now)
            _mind_the_night(message, number=letter.to, now=now)
        except NothingToSay:
            message.state = MessageState.VOID
            message.save(update_fields=["state"])
            return False
        except NotAtNight as night:
            message.due_at = night.until
            message.save(update_fields=["due_at"])
            return False
        message.claimed_until = now + timedelta(seconds=CLAIM_SECONDS)
        message.save(update_fields=["claimed_until"])
    try:
        hand_over(
            letter, channel=message.channel, key=str(message.pk), message_id=message.message_id
        )
    except (SMTPException, OSError, sms.SmsNotSent) as error:
        logger.warning("message not taken", extra={"message_id": str(message_id)})
        _note_failure(message_id, type(error).__name__, now=now)
        return False
    Message.objects.filter(pk=message.pk).update(
        state=MessageState.SENT, sent_at=now, claimed_until=None, problem=""
    )
    return True


def _mind_the_night(message: Message, *, now: datetime, number: str = "") -> None:
    """Raise NotAtNight or NothingToSay where a text must not leave now (`kinds.text_at`).

    Asked by what is noted of a number, before it is opened, and by the `number` itself: the note
    may be missing of a patient who was entered before there was one.
    """
    if message.channel != MessageChannel.SMS:
        return
    told_zone = zone_of_number(number) if number else None
    if told_zone is not None:
        _note_zone(message, told_zone)
    at = kinds.text_at(message, now=now, zone_told=told_zone)
    if at is None:
        raise NothingToSay
    if at > now:
        raise NotAtNight(until=at)


def _note_zone(message: Message, told: str) -> None:
    window = kinds.window_of(message)
    if window is not None and window.patient.phone_zone != told:
        Patient.unscoped.filter(pk=window.patient.pk).update(phone_zone=told)


def _note_failure(message_id: uuid.UUID, problem: str, *, now: datetime) -> None:
    """Count the attempt and wait longer each time; after the last one the message has failed."""
    message = Message.objects.get(pk=message_id)
    message.attempts += 1
    given_up = message.attempts > len(BACKOFF_MINUTES)
    wait = BACKOFF_MINUTES[min(message.attempts, len(BACKOFF_MINUTES)) - 1]
    message.state = MessageState.FAILED if given_up else MessageState.OWED
    message.due_at = now + timedelta(minutes=wait)
    message.claimed_until = None
    message.problem = problem
    message.save(update_fields=["attempts", "state", "due_at", "claimed_until", "problem"])
