"""Passkeys (WebAuthn): keys on somebody's device that open their account without a password."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django_otp_webauthn.models import WebAuthnCredential

from audit.record import entries
from audit.record.entries import Actor
from booking import actions
from booking.accounts.factors import second_factor
from booking.models import Account
from booking.models.message import MessageKind
from booking.outbox import messages

# Of another key nobody needs more, and a list that nobody reads through hides a stranger's.
MOST = 20


def of_account(account: Account) -> "QuerySet[WebAuthnCredential]":
    """An account's passkeys, oldest first."""
    found: QuerySet[WebAuthnCredential] = WebAuthnCredential.objects.filter(user=account)
    return found.order_by("created_at", "pk")


@transaction.atomic
def added(
    *, passkey: WebAuthnCredential, account: Account, name: str, actor: Actor, now: datetime
) -> None:
    """Note a new passkey: on the record, and told to its owner by e-mail."""
    passkey.name = name[: WebAuthnCredential._meta.get_field("name").max_length]
    passkey.save(update_fields=["name"])
    entries.write(actions.PASSKEY_ADDED, actor=actor, subjects=[account.pk], object_id=None, at=now)
    messages.owe_to_account(account=account, kind=MessageKind.PASSKEY, now=now)


@transaction.atomic
def forget(*, passkey: WebAuthnCredential, account: Account, actor: Actor, now: datetime) -> None:
    """End a passkey: it opens nothing from now on.

    Where nothing else is left and all recovery codes have served, none is asked for any more. On
    the record, and told to the account's owner by e-mail.
    """
    passkey.delete()
    second_factor.end_spent_codes(account)
    entries.write(actions.PASSKEY_FORGOTTEN, actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.FACTOR_REMOVED, now=now)


def end_all(account: Account) -> None:
    """End every passkey of an account whose keys may be in wrong hands."""
    of_account(account).delete()
