"""The last mails to somebody whose account is erased: their visits to come are cancelled, or
where there is none that the account is gone.

The address is opened while it can be, in the transaction that destroys its key, and the letters
live in memory alone: once that transaction is committed they are handed to the mail relay at once,
by the process that made them. Nothing is kept for another attempt, since nothing could open it: a
relay that is away costs the letters, and never delays the erasure.
"""

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from smtplib import SMTPException

from django.db import transaction

from booking.domain import delivery, messages
from booking.domain.letters import Letter, NothingToSay, hand_over
from booking.models import Account, Appointment, Message
from booking.models.message import MessageChannel, MessageKind, MessageState

logger = logging.getLogger(__name__)
ATTEMPTS = 2


@dataclass(frozen=True, kw_only=True)
class LastLetter:
    """A composed mail, and the message that it carries out."""

    message_id: uuid.UUID
    header: str
    letter: Letter


def last_letters(*, cancelled: Iterable[Appointment], now: datetime) -> list[LastLetter]:
    """Compose the mails that are owed about visits just cancelled; the reveals are on the record.

    Only in the transaction that cancels them, before their reader's key is destroyed.
    """
    owed = Message.objects.filter(
        appointment__in=[row.pk for row in cancelled],
        kind=MessageKind.CANCELLATION,
        channel=MessageChannel.EMAIL,
        state=MessageState.OWED,
    )
    found = []
    for message in owed.select_related(
        "appointment__patient__account",
        "appointment__practice",
        "appointment__visit_reason",
        "appointment__agenda__practitioner",
    ).order_by("appointment__starts_at", "pk"):
        try:
            letter = delivery.last_letter(message, now=now)
        except NothingToSay:
            continue
        found.append(LastLetter(message_id=message.pk, header=message.message_id, letter=letter))
    return found


def letters_about(*, account: Account, now: datetime) -> list[LastLetter]:
    """Compose the mail that tells an owner of the erasure itself; none to an unproved address.

    Whoever did it may have had their password. Only before the account's key is destroyed.
    """
    if account.email_verified_at is None:
        return []
    message = messages.owe_to_account(account=account, kind=MessageKind.ACCOUNT_ERASED, now=now)
    letter = delivery.compose(message, now=now)
    return [LastLetter(message_id=message.pk, header=message.message_id, letter=letter)]


def send_once_committed(letters: list[LastLetter], *, now: datetime) -> None:
    """Hand the letters over as soon as the transaction is committed, and never otherwise."""
    # No sender can open what they say any more.
    Message.objects.filter(pk__in=[each.message_id for each in letters]).update(
        state=MessageState.VOID
    )
    transaction.on_commit(lambda: _send(letters, now=now), robust=True)


def _send(letters: list[LastLetter], *, now: datetime) -> None:
    for each in letters:
        if not _hand_over(each):
            # The others would wait for the same relay.
            return
        Message.objects.filter(pk=each.message_id).update(state=MessageState.SENT, sent_at=now)


def _hand_over(each: LastLetter) -> bool:
    for _attempt in range(ATTEMPTS):
        try:
            hand_over(
                each.letter,
                channel=MessageChannel.EMAIL,
                key=str(each.message_id),
                message_id=each.header,
            )
        except (SMTPException, OSError):
            logger.warning("last letter not taken", extra={"message_id": str(each.message_id)})
        else:
            return True
    return False
