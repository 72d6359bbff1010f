"""The last mail to somebody whose account is erased: it is gone, and which visits are cancelled.

The address is opened while it can be, in the transaction that destroys its key, and the letters
live in memory alone: once that transaction is committed they are handed to the mail relay at once,
by the process that made them. Nothing is kept for another attempt, since nothing could open it: a
relay that is away costs the letters, and never delays the erasure.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from smtplib import SMTPException

from django.db import transaction
from django.utils import translation

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts import account_letters
from booking.appointments.calendar.enclosed_calendar import enclose_cancelled
from booking.appointments.news.letter import ABOUT_VISIT
from booking.models import Account, Appointment, Message
from booking.models.message import MessageChannel, MessageKind, MessageState
from booking.outbox import messages
from booking.outbox.letters import Letter, NothingToSay, hand_over, rendered
from booking.outbox.quiet_hours import names_clock

logger = logging.getLogger(__name__)
ATTEMPTS = 2
# More in one mail nobody reads, and relays take no mail of any number of files.
VISITS_IN_ONE = 20


def register_letters() -> None:
    """Say how the mail of an erasure is made: it leads nowhere, for nothing is left."""
    account_letters.register_letter(MessageKind.ACCOUNT_ERASED, leads_to=(), says=_erased)


def _erased(message: Message, account: Account, now: datetime) -> account_letters.Said:
    words = {"erased_at": message.created_at, "cancelled": [], "number": 1, "total": 1}
    return account_letters.Said(words=words)


@dataclass(frozen=True, kw_only=True)
class LastLetter:
    """A composed mail, and the message that it carries out."""

    message_id: uuid.UUID
    header: str
    letter: Letter


def how_many(visits: int) -> int:
    """How many mails tell of an erasure that cancels so many visits."""
    return max(1, ceil(visits / VISITS_IN_ONE))


def last_letters(
    *, account: Account, cancelled: Sequence[Appointment], now: datetime
) -> list[LastLetter]:
    """Compose the mails that tell an owner of the erasure and of the visits just cancelled by it.

    As few as hold them (`how_many`), each visit with what takes it out of a calendar; the last
    alone says that it is the last. Whoever erased the account may have had its owner's password.
    None to an address that was never proved, unless it has visits. Only in the transaction that
    erases, before the account's key is destroyed; the reveals are on the record.
    """
    if not cancelled and account.email_verified_at is None:
        return []
    rows = Appointment.unscoped.filter(pk__in=[row.pk for row in cancelled]).select_related(
        *ABOUT_VISIT
    )
    visits = list(rows.order_by("starts_at", "pk"))
    total = how_many(len(visits))
    found = []
    for number in range(1, total + 1):
        message = messages.owe_to_account(account=account, kind=MessageKind.ACCOUNT_ERASED, now=now)
        part = visits[(number - 1) * VISITS_IN_ONE : number * VISITS_IN_ONE]
        try:
            letter = _composed(message, cancelled=part, number=number, total=total, now=now)
        except NothingToSay:
            continue
        found.append(LastLetter(message_id=message.pk, header=message.message_id, letter=letter))
    return found


def _composed(
    message: Message, *, cancelled: Sequence[Appointment], number: int, total: int, now: datetime
) -> Letter:
    """Make the text of a mail to somebody whose account is being erased: it links nowhere.

    The mail is number so many of a total; `cancelled`: the visits that it tells of, with what
    takes each out of a calendar. Raises NothingToSay.
    """
    kind, to, language, context = account_letters.about(message, now=now)
    context |= {"cancelled": _for_whom(cancelled), "number": number, "total": total}
    letter = rendered(kind, to, language, context)
    if cancelled:
        with translation.override(language):
            enclose_cancelled(letter, cancelled, now=now)
    return letter


def _for_whom(visits: Sequence[Appointment]) -> list[dict[str, object]]:
    """Visits as the mail of an account lists them: each with the first name of its patient."""
    patients = {visit.patient_id: visit.patient for visit in visits}
    wanted = [(row, ("first_name",)) for row in patients.values()]
    with reveal(wanted, actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        names = {pk: plain.text(row, "first_name") for pk, row in patients.items()}
    return [
        {
            "visit": visit,
            "name": names[visit.patient_id],
            "names_clock": names_clock(
                told=visit.patient.phone_zone,
                practice_zone=visit.practice.zone,
                at=visit.starts_at,
            ),
        }
        for visit in visits
    ]


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
