"""Accounts: sign-up, verification of the address, password reset."""

import hashlib
import uuid
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django_cryptography.core import signing

from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault.sealing import seal
from booking.domain import messages
from booking.models import Account, Message
from booking.models.account import Reminders, email_index
from booking.models.message import MessageKind, MessageState
from practitioners.domain.live import wake

VERIFY_HOURS = 72
RESET_HOURS = 2
# Whoever asks again and again must not fill a stranger's mailbox.
MAILS_AN_HOUR = 5


class InvalidLink(Exception):
    """The link of a mail is broken, used or too old."""

    text = _("Ce lien n’est plus valable. Demandez-en un nouveau.")


def account_actor(account: Account, *, channel: Channel = Channel.WEB) -> Actor:
    """An account acting for itself."""
    kind = ActorKind.STAFF if channel == Channel.ADMIN else ActorKind.ACCOUNT
    return Actor(kind=kind, channel=channel, id=account.pk)


def create_account(
    *, email: str, password: str | None, language: str, verified_at: datetime | None = None
) -> Account:
    """Create an account; the address is sealed. Raises IntegrityError for a known address."""
    account = Account(
        email_index=email_index(email), language=language, email_verified_at=verified_at
    )
    account.set_password(password)
    with transaction.atomic():
        seal(account, email=email.strip())
        account.save(force_insert=True)
    return account


def sign_up(*, email: str, password: str, language: str, now: datetime) -> Account | None:
    """Create an account and owe the mail that verifies its address.

    For an address that already has an account, None is returned and that account is told by
    mail instead, so that the page answers alike and nobody learns who has an account.
    Raises ValidationError for a weak password.
    """
    validate_password(password)
    try:
        with transaction.atomic():
            account = create_account(email=email, password=password, language=language)
            entries.write("account-created", actor=account_actor(account), subjects=[account.pk])
            _owe(account, MessageKind.VERIFY_EMAIL, now=now)
            return account
    except IntegrityError:
        known = Account.objects.get(email_index=email_index(email))
        kind = (
            MessageKind.ALREADY_REGISTERED if known.email_verified_at else MessageKind.VERIFY_EMAIL
        )
        _owe(known, kind, now=now)
        return None


def verification_token(account: Account) -> str:
    """A signed, time-limited token that proves who read the account's mail."""
    return signing.dumps([str(account.pk), _password_mark(account)], salt="verify-email")


def verify_email(*, token: str, now: datetime) -> Account:
    """Verify the address of the account that the token names. Raises InvalidLink."""
    account = _account_of(token, salt="verify-email", hours=VERIFY_HOURS)
    if account.email_verified_at is None:
        account.email_verified_at = now
        account.save(update_fields=["email_verified_at"])
        entries.write("email-verified", actor=account_actor(account), subjects=[account.pk])
    return account


def reset_token(account: Account) -> str:
    """A signed token for choosing a new password; dead once the password has changed."""
    return signing.dumps([str(account.pk), _password_mark(account)], salt="reset-password")


def reminders_token(account: Account) -> str:
    """What the link in a reminder carries: it ends reminders, and does nothing else."""
    return signing.dumps(str(account.pk), salt="reminders")


@transaction.atomic
def end_reminders(*, token: str) -> Account:
    """Send no further reminders to the account of a link. Raises InvalidLink."""
    try:
        pk = uuid.UUID(signing.loads(token, salt="reminders"))
        account = Account.objects.select_for_update(no_key=True).get(pk=pk, is_active=True)
    except (signing.BadSignature, ValueError, TypeError, Account.DoesNotExist) as error:
        raise InvalidLink from error
    if account.reminders != Reminders.NONE:
        account.reminders = Reminders.NONE
        account.save(update_fields=["reminders"])
        entries.write("reminders-ended", actor=account_actor(account), subjects=[account.pk])
    return account


def account_of_reset(token: str) -> Account:
    """Return the account that may choose a new password. Raises InvalidLink."""
    return _account_of(token, salt="reset-password", hours=RESET_HOURS)


def request_reset(*, email: str, now: datetime) -> None:
    """Owe the mail with which a password is reset, if the address has an account."""
    account = Account.objects.filter(email_index=email_index(email), is_active=True).first()
    if account is not None:
        _owe(account, MessageKind.RESET_PASSWORD, now=now)


@transaction.atomic
def reset_password(*, token: str, password: str, now: datetime) -> Account:
    """Set a new password; whoever read the mail also owns the address.

    Raises InvalidLink, and ValidationError for a weak password.
    """
    account = account_of_reset(token)
    validate_password(password)
    account.set_password(password)
    account.email_verified_at = account.email_verified_at or now
    account.save(update_fields=["password", "email_verified_at"])
    entries.write("password-reset", actor=account_actor(account), subjects=[account.pk])
    transaction.on_commit(partial(wake, account.pk), robust=True)
    return account


def _account_of(token: str, *, salt: str, hours: int) -> Account:
    try:
        account_id, fragment = signing.loads(token, salt=salt, max_age=hours * 3600)
        account = Account.objects.get(pk=uuid.UUID(account_id), is_active=True)
    except (signing.BadSignature, ValueError, TypeError, Account.DoesNotExist) as error:
        raise InvalidLink from error
    if _password_mark(account) != fragment:
        raise InvalidLink
    return account


def _password_mark(account: Account) -> str:
    """What changes when the password does, so that a used link dies with it."""
    return hashlib.sha256(account.password.encode()).hexdigest()[:16]


def site_url(path: str) -> str:
    """An absolute address of this site, for mails."""
    return f"{settings.BASE_URL}{path}"


def resend_verification(*, account: Account, now: datetime) -> None:
    """Owe the verification mail again, unless one is owed already."""
    if not Message.objects.filter(
        account=account, kind=MessageKind.VERIFY_EMAIL, state=MessageState.OWED
    ).exists():
        _owe(account, MessageKind.VERIFY_EMAIL, now=now)


def _owe(account: Account, kind: MessageKind, *, now: datetime) -> None:
    """Owe a mail about the account, at most MAILS_AN_HOUR of its kind."""
    lately = Message.objects.filter(
        account=account, kind=kind, created_at__gt=now - timedelta(hours=1)
    )
    if lately.count() < MAILS_AN_HOUR:
        messages.owe_to_account(account=account, kind=kind, now=now)
