"""What is owed to whom: message rows, written in the transaction that makes them owed."""

from datetime import datetime

from booking.models import AccessChange, Account, AddressCheck, Message
from booking.models.message import MessageChannel, MessageKind
from booking.outbox.queue import MESSAGES


def owe(rows: list[Message]) -> None:
    """Owe these messages; a sender is woken once the transaction is committed."""
    MESSAGES.add(rows)


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
    row = Message(
        kind=kind, channel=MessageChannel.EMAIL, account=account, address_check=check,
        access_change=change, due_at=now, created_at=now,
    )  # fmt: skip
    owe([row])
    return row


def owe_to_address(*, check: AddressCheck, kind: MessageKind, now: datetime) -> Message:
    """Owe the e-mail to an address that somebody typed; the worker finds out which it is."""
    row = Message(
        kind=kind, channel=MessageChannel.EMAIL, address_check=check, due_at=now, created_at=now
    )
    owe([row])
    return row
