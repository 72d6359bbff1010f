"""Proving that somebody reads the mail of an address: by a code to type, or by a link.

The code is made from a key and the check's id, so that nothing in the database opens it and a mail
that leaves twice says the same. It is short: few tries, a short life, one use, and a limit a day
for each address. The link is long and lives longer; opening it does nothing, its button does.
"""

import hmac
import os
import re
import unicodedata
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import security_log
from audit.derived_key import derived_key
from audit.record import entries
from audit.record.entries import system_actor
from audit.refusal import Refusal
from audit.security_log import Step
from audit.vault.erase import erase
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking import actions
from booking.accounts import accounts
from booking.accounts.accounts import InvalidLink, account_actor
from booking.accounts.sessions import throttle
from booking.models import Account, AddressCheck
from booking.models.accounts.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox import messages

CODE_DIGITS = 6
CODE_MINUTES = 30
LINK_HOURS = 72
TRIES = 5
# The wait before a mail is sent again; it doubles each time, up to an hour.
SEND_AGAIN_AFTER_S = 60
# Afterwards nothing is left that a row is good for: a change is taken back within LINK_HOURS.
KEPT_DAYS = 14


class WrongCode(Refusal):
    """The code does not fit; another try is left."""

    text = _("Ce code ne convient pas. Vérifiez-le dans le dernier message reçu.")


class CodeOver(Refusal):
    """The code has expired, or was typed wrong too often."""

    text = _("Ce code n’est plus valable. Demandez-en un nouveau.")


class TooSoon(Refusal):
    """A mail has just left."""

    text = _("Un message vient de partir. Attendez un peu avant d’en demander un autre.")


def begin(
    *,
    kind: CheckKind,
    account: Account | None,
    email_index: bytes,
    now: datetime,
    language: str = "",
    target: str = "",
    hold_key: str = "",
) -> AddressCheck:
    """Return a new check, not saved yet; the caller owes its mail."""
    return AddressCheck(
        kind=kind, account=account, email_index=email_index, language=language,
        target=target, hold_key=hold_key, sent_at=now, created_at=now,
        code_until=now + timedelta(minutes=CODE_MINUTES),
        link_until=now + timedelta(hours=LINK_HOURS),
    )  # fmt: skip


def code_of(check: AddressCheck) -> str:
    """The code of a check, made from a key of its own use."""
    key = derived_key(settings.SECRET_KEY, b"codes of address checks")
    digest = hmac.digest(key, f"{check.pk}|{check.code_number}".encode(), "sha256")
    return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def link_token(check: AddressCheck) -> str:
    """A signed token that only the mail of the address carries."""
    return accounts.link_token(check.pk, salt="verify-email")


def check_of(*, token: str, now: datetime) -> AddressCheck:
    """Return the check that a link names, proved or not. Raises InvalidLink."""
    pk = accounts.id_of_link(token, salt="verify-email")
    rows = AddressCheck.objects.select_related("account").exclude(kind=CheckKind.RESET)
    check = rows.filter(pk=pk, is_void=False).first()
    if check is None or check.ended_at is not None or now >= check.link_until:
        raise InvalidLink
    return check


def prove_by_link(*, token: str, now: datetime) -> AddressCheck:
    """Take the new address of a link as proved; once more changes nothing. Raises InvalidLink."""
    check = check_of(token=token, now=now)
    with transaction.atomic():
        check = locked(check)
        if check.proved_at is None:
            if owner_of(check) is not None:
                raise InvalidLink
            _prove(check, now=now)
    return check


def prove_by_code(*, check: AddressCheck, code: str, network: str, now: datetime) -> AddressCheck:
    """Take the address of a check as proved by its code.

    Raises WrongCode, CodeOver, TooManyTries, and InvalidLink for a check that is over.
    """
    index = bytes(check.email_index)
    attempt = throttle.take(throttle.Guess.CODE, of=index.hex(), network=network, now=now)
    with transaction.atomic():
        check = locked(check)
        if not check.is_open or now >= check.code_until or check.tries >= TRIES:
            # Nothing is compared, so that nothing is found out.
            attempt.give_back()
            raise CodeOver if check.is_open else InvalidLink
        is_right = hmac.compare_digest(code_of(check), _digits(code))
        if is_right and not check.is_void and owner_of(check) is None:
            _prove(check, now=now)
            attempt.give_back()
            return check
        check.tries += 1
        check.save(update_fields=["tries"])
        security_log.note(
            Step.REFUSED, by=throttle.Guess.CODE, address=network, of=index.hex()[:16]
        )
    raise CodeOver if check.tries >= TRIES else WrongCode


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))


def locked(check: AddressCheck) -> AddressCheck:
    """Lock the account and then the check, in this order. Raises InvalidLink for neither there."""
    account = None
    if check.account_id is not None:
        account = (
            Account.objects.select_for_update(no_key=True)
            .filter(pk=check.account_id, is_active=True)
            .first()
        )
    row = AddressCheck.objects.select_for_update(no_key=True).filter(pk=check.pk).first()
    if row is None or (check.account_id is not None and account is None):
        raise InvalidLink
    row.account = account
    return row


def owner_of(check: AddressCheck) -> Account | None:
    """The account that the address is already of: its mail has no code, and proves nothing."""
    known = Account.objects.filter(email_index=bytes(check.email_index), is_active=True).first()
    if known is None or known.pk == check.account_id or is_unclaimed(known):
        return None
    return known


def _prove(check: AddressCheck, *, now: datetime) -> None:
    """Note the proof; a change of address takes effect. A sign-up goes on (sign_up.complete)."""
    if check.ended_at is not None or check.kind == CheckKind.RESET:
        raise InvalidLink
    account = check.account
    check.proved_at = now
    check.save(update_fields=["proved_at"])
    if check.kind == CheckKind.CHANGE:
        if account is None:
            raise InvalidLink
        _move_account(check, account, now=now)
        end_checks(account=account, now=now)


def is_unclaimed(account: Account) -> bool:
    """Whether nobody has proved the account's address, so that it keeps nobody from it."""
    return (
        account.email_verified_at is None
        and not account.is_staff
        and not account.memberships.exists()
    )


def _displace(index: bytes) -> None:
    """Take an address from an account that was begun with it and never proved it."""
    rival = Account.objects.select_for_update(no_key=True).filter(email_index=index).first()
    if rival is not None and is_unclaimed(rival):
        rival.email, rival.email_index, rival.is_active = None, os.urandom(16), False
        rival.save(update_fields=["email", "email_index", "is_active"])


def _move_account(check: AddressCheck, account: Account, *, now: datetime) -> None:
    """Give the account its new address, and tell both."""
    actor = account_actor(account)
    with reveal([(check, ("email",))], actor=actor, purpose=Purpose.ACCOUNT) as plain:
        seal(account, email=plain.text(check, "email"))
    account.email_index, account.email_verified_at = bytes(check.email_index), now
    _displace(bytes(check.email_index))
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "email_index", "email_verified_at"])
    except IntegrityError as error:
        raise InvalidLink from error
    entries.write(
        actions.EMAIL_CHANGED, actor=actor, subjects=[account.pk], object_id=check.pk, at=now
    )
    for kind in (MessageKind.EMAIL_CHANGED, MessageKind.EMAIL_LEFT):
        messages.owe_to_account(account=account, kind=kind, now=now, check=check)


def end_checks(*, account: Account, now: datetime) -> None:
    """Withdraw the checks of an account that nothing has proved."""
    AddressCheck.objects.filter(
        account=account, proved_at__isnull=True, ended_at__isnull=True
    ).update(ended_at=now)


def next_mail_at(check: AddressCheck) -> datetime:
    """From when on a check's mail may be sent again."""
    wait = SEND_AGAIN_AFTER_S * 2 ** min(check.mails - 1, 6)
    return check.sent_at + timedelta(seconds=min(wait, 3600))


def check_wait(check: AddressCheck, *, now: datetime) -> None:
    """Raise TooSoon where a check's mail may not be sent again yet."""
    if now < next_mail_at(check):
        raise TooSoon


def renew(check: AddressCheck, *, now: datetime) -> None:
    """Lengthen a check's life, with another code if the former one is over. The caller saves."""
    if check.tries >= TRIES or now >= check.code_until:
        check.code_number, check.tries = check.code_number + 1, 0
    check.code_until = now + timedelta(minutes=CODE_MINUTES)
    check.link_until = now + timedelta(hours=LINK_HOURS)


def note_mail(check: AddressCheck, *, now: datetime) -> None:
    """Renew a check whose mail is sent again, and count the mail.

    Raises TooSoon, and InvalidLink for a check that is over.
    """
    with transaction.atomic():
        row = locked(check)
        if not row.is_open:
            raise InvalidLink
        check_wait(row, now=now)
        renew(row, now=now)
        row.mails, row.sent_at = row.mails + 1, now
        row.save()
    check.refresh_from_db()


def lives_from(check: AddressCheck, *, now: datetime) -> None:
    """Let the code live from the moment its mail leaves, if that is late."""
    if check.code_until < now + timedelta(minutes=CODE_MINUTES / 2):
        check.code_until = now + timedelta(minutes=CODE_MINUTES)
        check.save(update_fields=["code_until"])


def forget_old(*, now: datetime) -> int:
    """Delete the checks that nothing is left for, and return how many there were."""
    old = AddressCheck.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS))
    own = list(old.filter(kind=CheckKind.SIGN_UP).values_list("pk", flat=True))
    with transaction.atomic():
        if own:
            # Their addresses were sealed under keys of their own.
            erase(subject_ids=own, actor=system_actor())
        return old.delete()[0]
