"""The second factor: an app for codes (RFC 6238) with single-use recovery codes, by django-otp."""

import base64
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_otp_webauthn.models import WebAuthnCredential

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking import actions
from booking.models import Account, CodeApp, RecoveryCode, RecoverySheet
from booking.models.message import MessageKind
from booking.outbox import messages

RECOVERY_CODES = 10
# Whatever shows that somebody is an account's owner besides the password.
FACTORS = (CodeApp, RecoverySheet, WebAuthnCredential)


class StillNeeded(Refusal):
    """Recovery codes stand for a passkey or an app that might be lost."""

    text = _("Ces codes remplacent votre clé d’accès ou votre application si vous les perdez.")


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
    entries.write(actions.SECOND_FACTOR_SET, actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.FACTOR_ADDED, now=now)
    return _fresh_codes(account, now=now)


def has_app(account: Account) -> bool:
    """Whether an authenticator app gives the account codes; a passkey gives none."""
    return bool(CodeApp.objects.filter(user=account, confirmed=True).exists())


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What shows that somebody is an account's owner, besides the password.

    `asks_codes`: recovery codes were made, so that one is asked for where there is nothing else,
    even once all have served (`codes_left` is 0).
    """

    has_app: bool
    has_passkey: bool
    asks_codes: bool
    codes_left: int

    @property
    def codes_alone(self) -> bool:
        """Whether recovery codes are the only second factor: each sign-in uses one up."""
        return self.asks_codes and not (self.has_app or self.has_passkey)

    @property
    def is_locked(self) -> bool:
        """Whether nothing is left by which the second factor could be shown."""
        return self.codes_alone and not self.codes_left


def standing(account: Account) -> Standing:
    """Say by what an account shows its second factor."""
    return Standing(
        has_app=has_app(account),
        has_passkey=WebAuthnCredential.objects.filter(user=account).exists(),
        asks_codes=RecoverySheet.objects.filter(user=account).exists(),
        codes_left=codes_left(account),
    )


@transaction.atomic
def new_recovery_codes(*, account: Account, actor: Actor, now: datetime) -> list[str]:
    """Return fresh recovery codes; the former ones end.

    On the record, and told to the account's owner by e-mail.
    """
    entries.write(actions.RECOVERY_CODES_MADE, actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.CODES_MADE, now=now)
    return _fresh_codes(account, now=now)


@transaction.atomic
def note_code_used(*, account: Account, actor: Actor, now: datetime) -> None:
    """Note that a recovery code took the place of another factor.

    On the record, and told to the account's owner by e-mail: its thief would use it without them.
    """
    entries.write(actions.RECOVERY_CODE_USED, actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.CODE_USED, now=now)


@transaction.atomic
def stop_asking_codes(*, account: Account, actor: Actor, now: datetime) -> None:
    """End recovery codes that are an account's only second factor: the password alone enters.

    On the record, and told to the account's owner by e-mail. For accounts that may lose a factor
    by themselves (`accounts.may_end_factors`). Raises StillNeeded while they stand for a passkey
    or an app.
    """
    found = standing(account)
    if not found.asks_codes:
        return
    if not found.codes_alone:
        raise StillNeeded
    RecoverySheet.objects.filter(user=account).delete()
    entries.write(actions.RECOVERY_CODES_ENDED, actor=actor, subjects=[account.pk], at=now)
    messages.owe_to_account(account=account, kind=MessageKind.CODES_ENDED, now=now)


def end_spent_codes(account: Account) -> None:
    """Ask for no recovery code where all have served and there is nothing else: as before any."""
    if standing(account).is_locked:
        RecoverySheet.objects.filter(user=account).delete()


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
