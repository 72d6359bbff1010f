"""Opening an account: its address is proved first, and only then is the password chosen.

Whether an address has an account already shows nowhere. What is asked for is a row and a mail that
is owed, whatever stands at the address; the worker that writes the mail finds out, and tells an
account that somebody wanted to sign up with its address. A sign-up with a stranger's address
chooses nothing that counts: the reader of the mail chooses the password.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from audit.record import entries
from audit.record.entries import Channel, system_actor
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking import actions
from booking.accounts.accounts import (
    InvalidLink,
    account_actor,
    check_password_rules,
    create_account,
)
from booking.accounts.addresses import address_checks
from booking.models import Account, AddressCheck
from booking.models.accounts.account import email_index
from booking.models.accounts.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox import messages


def begin(
    *,
    email: str,
    language: str,
    now: datetime,
    target: str = "",
    hold_key: str = "",
    former: AddressCheck | None = None,
    may_send: bool = True,
) -> AddressCheck:
    """Begin a sign-up, and owe the mail by which its address is proved.

    `target` and `hold_key` are where the person goes on, and the key of what they hold; `former`
    is what this browser began before, which the same form sent twice goes on with. `may_send`:
    whether the address has not had enough of mails.
    """
    index = email_index(email) or b""
    if former is not None and former.is_open and bytes(former.email_index) == index:
        former.target, former.hold_key = target, hold_key
        former.save(update_fields=["target", "hold_key"])
        return former
    check = address_checks.begin(
        kind=CheckKind.SIGN_UP, account=None, email_index=index, language=language, target=target,
        hold_key=hold_key, now=now,
    )  # fmt: skip
    with transaction.atomic():
        seal(check, email=email.strip())
        check.save(force_insert=True)
        if may_send:
            messages.owe_to_address(check=check, kind=MessageKind.VERIFY_EMAIL, now=now)
    return check


def send_again(*, check: AddressCheck, now: datetime, may_send: bool = True) -> None:
    """Owe the mail of a sign-up again, if it may leave. Raises TooSoon, and InvalidLink if over."""
    address_checks.note_mail(check, now=now)
    if may_send:
        messages.owe_to_address(check=check, kind=MessageKind.VERIFY_EMAIL, now=now)


def correct_address(
    *, check: AddressCheck, email: str, language: str, now: datetime, may_send: bool = True
) -> AddressCheck:
    """Sign up with another address instead of a mistyped one; what the first was sent ends.

    Raises InvalidLink if the sign-up is over.
    """
    if not check.is_open:
        raise InvalidLink
    if bytes(check.email_index) == email_index(email):
        return check
    with transaction.atomic():
        AddressCheck.objects.filter(pk=check.pk).update(ended_at=now)
        return begin(
            email=email, language=language, now=now, target=check.target,
            hold_key=check.hold_key, may_send=may_send,
        )  # fmt: skip


def awaits_password(check: AddressCheck) -> bool:
    """Whether a sign-up is open whose address may be proved, or is, and has no password yet."""
    return check.kind == CheckKind.SIGN_UP and check.account_id is None and check.ended_at is None


def address_of(check: AddressCheck) -> str:
    """The address of a sign-up, for a proved reader of its mail; on the record."""
    actor = system_actor(Channel.WEB)
    with reveal([(check, ("email",))], actor=actor, purpose=Purpose.ACCOUNT) as plain:
        return plain.text(check, "email")


@transaction.atomic
def complete(*, check: AddressCheck, password: str, now: datetime) -> Account:
    """Open the account of a sign-up whose mail was read, by its code or with its link.

    Other sign-ups with the address end. Raises ValidationError for a weak password, and
    InvalidLink where the sign-up is over, or the address has an account meanwhile.
    """
    check = address_checks.locked(check)
    if not awaits_password(check) or now >= check.link_until:
        raise InvalidLink
    email = address_of(check)
    check_password_rules(password, email=email)
    account = _opened(check, email=email, password=password, now=now)
    actor = account_actor(account)
    check.account, check.email = account, None
    check.proved_at = check.proved_at or now
    check.save(update_fields=["account", "email", "proved_at"])
    entries.write(actions.EMAIL_VERIFIED, actor=actor, subjects=[account.pk], at=now)
    AddressCheck.objects.filter(
        kind=CheckKind.SIGN_UP, account=None, email_index=bytes(check.email_index), ended_at=None
    ).update(ended_at=now)
    return account


def _opened(check: AddressCheck, *, email: str, password: str, now: datetime) -> Account:
    index = bytes(check.email_index)
    known = Account.objects.select_for_update(no_key=True).filter(email_index=index).first()
    if known is None:
        try:
            account = create_account(
                email=email, password=password, language=check.language, verified_at=now
            )
        except IntegrityError as error:
            raise InvalidLink from error
        entries.write(actions.ACCOUNT_CREATED, actor=account_actor(account), subjects=[account.pk])
        return account
    if not known.is_active or not address_checks.is_unclaimed(known):
        raise InvalidLink
    # Begun before passwords came after the proof: whatever was chosen then, this one counts.
    known.set_password(password)
    known.email_verified_at, known.language = now, check.language
    known.save(update_fields=["password", "email_verified_at", "language"])
    return known
