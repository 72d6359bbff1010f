"""Accounts: creating one, its password and its reset, the links of its mails.

How an address is proved: booking/accounts/addresses/address_checks.py.
"""

import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_cryptography.core import signing

from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.refusal import Refusal
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking import actions
from booking.accounts.factors.password_words import check_unlike_address
from booking.accounts.factors.second_factor import FACTORS
from booking.accounts.sessions import sign_ins
from booking.models import Account, AddressCheck, Message
from booking.models.accounts.account import Reminders, email_index
from booking.models.message import MessageKind
from booking.outbox import messages
from booking.outbox.letters import SiteLink
from practitioners.domain.live import wake

RESET_HOURS = 2
# Whoever asks again and again must not fill a stranger's mailbox.
MAILS_AN_HOUR = 5


class WrongPassword(Refusal):
    """The current password does not fit."""

    text = _("Ce n’est pas votre mot de passe actuel.")


class InvalidLink(Refusal):
    """The link of a mail is broken, used or too old.

    A link that nobody can ask for anew has an error of its own, which says what there is to do.
    """

    text = _("Ce lien n’est pas valable, ou ne l’est plus.")
    code, status = "link_invalid", 400


class InvalidReminders(InvalidLink):
    """The link that ends reminders is none of ours, or its account is erased."""

    text = _(
        "Ce lien n’est pas valable, ou ne l’est plus. Les rappels se règlent aussi dans votre"
        " compte."
    )


def language_at(email: str) -> str:
    """The language of the account that has this address, else the site's first."""
    found = Account.objects.filter(email_index=email_index(email)).first()
    return found.language if found else str(settings.LANGUAGE_CODE)


def account_actor(account: Account) -> Actor:
    """An account acting for itself."""
    return Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=account.pk)


def link_actor(account: Account) -> Actor:
    """The holder of a link that was sent to an account, acting in its name without a session."""
    return Actor(kind=ActorKind.ACCOUNT, channel=Channel.LINK, id=account.pk)


def link_token(row_id: uuid.UUID, *, salt: str) -> str:
    """What a link of a mail carries: it names one row, and does what its `salt` says alone."""
    return signing.dumps(row_id.hex, salt=salt)


def id_of_link(token: str, *, salt: str, broken: type[InvalidLink] = InvalidLink) -> uuid.UUID:
    """Return the id that a link names. Raises `broken` for one that we did not make."""
    try:
        return uuid.UUID(signing.loads(token, salt=salt))
    except (signing.BadSignature, ValueError, TypeError, AttributeError) as error:
        raise broken from error


def create_account(
    *,
    email: str,
    password: str | None,
    language: str,
    verified_at: datetime | None = None,
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


def reset_token(account: Account) -> str:
    """A signed token for choosing a new password; dead once the password or address changes."""
    return signing.dumps([str(account.pk), _mark(account)], salt="reset-password")


def reminders_token(account: Account) -> str:
    """What the link in a reminder carries: it ends reminders, and does nothing else."""
    return link_token(account.pk, salt="reminders")


@transaction.atomic
def end_reminders(*, token: str) -> Account:
    """Send no further reminders to the account of a link. Raises InvalidReminders."""
    pk = id_of_link(token, salt="reminders", broken=InvalidReminders)
    rows = Account.objects.select_for_update(no_key=True)
    account = rows.filter(pk=pk, is_active=True).first()
    if account is None:
        raise InvalidReminders
    if account.reminders != Reminders.NONE:
        account.reminders = Reminders.NONE
        account.save(update_fields=["reminders"])
        entries.write(actions.REMINDERS_ENDED, actor=link_actor(account), subjects=[account.pk])
    return account


def account_of_reset(token: str) -> Account:
    """Return the account that may choose a new password. Raises InvalidLink."""
    return _account_of(token, salt="reset-password", hours=RESET_HOURS)


@transaction.atomic
def reset_password(
    *, token: str, password: str, now: datetime, ends_factors: bool = False
) -> Account:
    """Set a new password by a link; reading the mail also proves the address.

    Every session ends. `ends_factors`: passkeys, apps and recovery codes as well, which a mail
    alone takes from nobody who may not lose them by it (`may_end_factors`). Raises InvalidLink,
    and ValidationError for a weak password.
    """
    locked = Account.objects.select_for_update(no_key=True)
    account = _account_of(token, salt="reset-password", hours=RESET_HOURS, among=locked)
    _check_choice(account, password, actor=link_actor(account))
    account.email_verified_at = account.email_verified_at or now
    account.save(update_fields=["email_verified_at"])
    entries.write(actions.PASSWORD_RESET, actor=link_actor(account), subjects=[account.pk])
    _put_in_force(account, password, now=now)
    sign_ins.sign_out_everywhere(account)
    if ends_factors and may_end_factors(account):
        for kind in FACTORS:
            kind.objects.filter(user=account).delete()
        entries.write(
            actions.FACTORS_ENDED, actor=link_actor(account), subjects=[account.pk], at=now
        )
        messages.owe_to_account(account=account, kind=MessageKind.FACTOR_GONE, now=now)
    return account


def may_end_factors(account: Account) -> bool:
    """Whether a mail alone may take away an account's second factors and passkeys.

    Those of a team or a practice open other people's data: they go by
    booking/accounts/factors/factor_reset.
    """
    return not (account.is_staff or account.memberships.exists())


@transaction.atomic
def change_password(
    *, account: Account, current: str, password: str, actor: Actor, now: datetime
) -> Account:
    """Replace an account's password, which must be given; return the account as it is then.

    Every session ends but the one that the caller lets live on (`update_session_auth_hash`). Told
    by mail, on the record. Raises WrongPassword, and ValidationError for a weak password or the
    same one.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if not account.check_password(current):
        raise WrongPassword
    if account.check_password(password):
        raise ValidationError(_("C’est le mot de passe que vous avez déjà."))
    _check_choice(account, password, actor=actor)
    entries.write(actions.PASSWORD_CHANGED, actor=actor, subjects=[account.pk], at=now)
    _put_in_force(account, password, now=now)
    return account


def check_password_rules(password: str, *, email: str) -> None:
    """Raise ValidationError for a password that the account with this address may not have."""
    validate_password(password)
    check_unlike_address(password, email=email)


def _check_choice(account: Account, password: str, *, actor: Actor) -> None:
    with reveal([(account, ("email",))], actor=actor, purpose=Purpose.OWN_DATA) as plain:
        check_password_rules(password, email=plain.text(account, "email"))


def _put_in_force(account: Account, password: str, *, now: datetime) -> None:
    """Save a new password, with what ends with the former one, and owe the mail that tells it."""
    account.set_password(password)
    account.save(update_fields=["password"])
    # A change of address that was asked for with the former password, or by a sign-up.
    AddressCheck.objects.filter(
        account=account, proved_at__isnull=True, ended_at__isnull=True
    ).update(ended_at=now)
    messages.owe_to_account(account=account, kind=MessageKind.PASSWORD_CHANGED, now=now)
    # Pages that are open elsewhere see at once that their session has ended.
    transaction.on_commit(partial(wake, account.pk), robust=True)


def _account_of(
    token: str, *, salt: str, hours: int, among: "QuerySet[Account] | None" = None
) -> Account:
    rows = Account.objects.all() if among is None else among
    try:
        account_id, fragment = signing.loads(token, salt=salt, max_age=hours * 3600)
        account = rows.get(pk=uuid.UUID(account_id), is_active=True)
    except (signing.BadSignature, ValueError, TypeError, Account.DoesNotExist) as error:
        raise InvalidLink from error
    if not hmac.compare_digest(_mark(account), str(fragment)):
        raise InvalidLink
    return account


def _mark(account: Account) -> str:
    """What changes when the password or the address does, so that a link ends with either."""
    marked = account.password.encode() + b"|" + bytes(account.email_index)
    return hashlib.sha256(marked).hexdigest()


def site_url(path: str) -> SiteLink:
    """An absolute address of this site, for mails."""
    return SiteLink(f"{settings.BASE_URL}{path}")


def owe(
    account: Account, kind: MessageKind, *, now: datetime, check: AddressCheck | None = None
) -> None:
    """Owe a mail about the account, at most MAILS_AN_HOUR of its kind."""
    lately = Message.objects.filter(
        account=account, kind=kind, created_at__gt=now - timedelta(hours=1)
    )
    if lately.count() < MAILS_AN_HOUR:
        messages.owe_to_account(account=account, kind=kind, now=now, check=check)


def choose_language(*, account: Account, language: str) -> None:
    """Keep the language of an account's pages and mails: one of settings.LANGUAGES."""
    if account.language != language:
        account.language = language
        account.save(update_fields=["language"])
