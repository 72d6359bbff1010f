"""What is owed to whom: message rows, written in the transaction that makes them owed."""

from datetime import datetime

from django.db.models import Model

from booking.models import AccessChange, Account, AddressCheck, Message
from booking.models.message import MessageChannel, MessageKind
from booking.outbox.queue import MESSAGES


def owe(rows: list[Message]) -> None:
    """Owe these messages; a sender is woken once the transaction is committed."""
    MESSAGES.add(rows)


def owe_mail(*, kind: MessageKind, now: datetime, **about: Model | None) -> Message:
    """Owe an e-mail that may leave now; `about`: what it tells of, by the columns of Message."""
    row = Message(kind=kind, channel=MessageChannel.EMAIL, due_at=now, created_at=now, **about)
    owe([row])
    return row


def owe_to_account(
    *,
    account: Account,
    kind: MessageKind,
    now: datetime,
    check: AddressCheck | None = None,
    change: AccessChange | None = None,
) -> Message:
    """Owe an e-mail about the account itself (verification, password); `check`: the address it
    proves, or tells of; `change`: what it tells an owner of.
    """
    return owe_mail(kind=kind, now=now, account=account, address_check=check, access_change=change)


def owe_to_address(*, check: AddressCheck, kind: MessageKind, now: datetime) -> Message:
    """Owe the e-mail to an address that somebody typed; the worker finds out which it is."""
    return owe_mail(kind=kind, now=now, address_check=check)
