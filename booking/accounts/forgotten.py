"""A forgotten password: asked for by an address, of which nothing is looked up here."""

from datetime import datetime

from django.db import transaction

from booking.accounts.addresses import address_checks
from booking.models.accounts.account import email_index
from booking.models.accounts.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox import messages


@transaction.atomic
def request_reset(*, email: str, now: datetime) -> None:
    """Owe the mail with which a password is reset; the worker finds out whether to write it."""
    check = address_checks.begin(
        kind=CheckKind.RESET, account=None, email_index=email_index(email) or b"", now=now
    )
    check.save(force_insert=True)
    messages.owe_to_address(check=check, kind=MessageKind.RESET_PASSWORD, now=now)
