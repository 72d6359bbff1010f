"""The second factor: an app for codes (RFC 6238) with single-use recovery codes, by django-otp."""

import base64
from datetime import datetime

from django.db import transaction
from django_otp_webauthn.models import WebAuthnCredential

from audit.record import entries
from audit.record.entries import Actor
from booking.domain import messages
from booking.models import Account, CodeApp, RecoveryCode, RecoverySheet
from booking.models.message import MessageKind

RECOVERY_CODES = 10
# Whatever shows that somebody is an account's owner besides the password.
FACTORS = (CodeApp, RecoverySheet, WebAuthnCredential)


def pending_device(*, account: Account) -> CodeApp:
    """Return the account's device that waits for its first code, making it at the first call."""
    device: CodeApp
    device, _created = CodeApp.objects.get_or_create(
        user=account, confirmed=False, defaults={"name": "totp"}
    )
    return device


def secret_text(device: CodeApp) -> str:
    """The device's secret as people type it: base 32 in groups of four."""
    text = base64.b32encode(device.seed).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@transaction.atomic
def confirm(*, account: Account, device: CodeApp, actor: Actor, now: datetime) -> list[str]:
    """Put the device into force, in the place of any other, and return fresh recovery codes.

    On the record, and told to the account's owner by e-mail.
    """
    # Its page may have been opened long ago: what counts is since when it shows somebody's right.
    device.confirmed, device.created_at = True, now
    device.save()
    CodeApp.objects.filter(user=account, confirmed=True).exclude(pk=device.pk).delete()
    entries.write("second-factor-set", actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.FACTOR_ADDED, now=now)
    return _fresh_codes(account, now=now)


def has_app(account: Account) -> bool:
    """Whether an authenticator app gives the account codes; a passkey gives none."""
    return bool(CodeApp.objects.filter(user=account, confirmed=True).exists())


def has_recovery_codes(account: Account) -> bool:
    """Whether a recovery code of the account is left."""
    return bool(RecoveryCode.objects.filter(sheet__user=account).exists())


@transaction.atomic
def new_recovery_codes(*, account: Account, actor: Actor, now: datetime) -> list[str]:
    """Return fresh recovery codes; the former ones end.

    On the record, and told to the account's owner by e-mail.
    """
    entries.write("recovery-codes-made", actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.CODES_MADE, now=now)
    return _fresh_codes(account, now=now)


@transaction.atomic
def note_code_used(*, account: Account, actor: Actor, now: datetime) -> None:
    """Note that a recovery code took the place of another factor.

    On the record, and told to the account's owner by e-mail: its thief would use it without them.
    """
    entries.write("recovery-code-used", actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.CODE_USED, now=now)


def codes_left(account: Account) -> int:
    """How many recovery codes of an account are left."""
    left: int = RecoveryCode.objects.filter(sheet__user=account).count()
    return left


def _fresh_codes(account: Account, *, now: datetime) -> list[str]:
    """Make codes in the place of the former ones.

    The sheet stays, which a session may have been proved by; it is as old as its codes, so that
    codes which a thief makes end with what else the thief has added (email_change.stop).
    """
    sheet, _created = RecoverySheet.objects.get_or_create(user=account, name="recovery")
    sheet.created_at = now
    sheet.save(update_fields=["created_at"])
    sheet.codes.all().delete()
    return [sheet.add_code() for _ in range(RECOVERY_CODES)]
