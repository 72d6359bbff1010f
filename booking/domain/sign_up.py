"""Opening an account: its address is proved before anybody enters.

Whether an address has an account already shows nowhere: the page, the code that it asks for and
the wait are alike, and the account is told by mail.
"""

from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from audit.record import entries
from audit.vault.sealing import seal
from booking.domain import accounts, address_checks
from booking.domain.accounts import account_actor, create_account
from booking.models import Account, AddressCheck, Message
from booking.models.account import email_index
from booking.models.address_check import CheckKind
from booking.models.message import MessageKind, MessageState

# What the forms take, so that nobody has a long text hashed.
LONGEST_PASSWORD = 200


def sign_up(
    *,
    email: str,
    password: str,
    language: str,
    now: datetime,
    target: str = "",
    hold_key: str = "",
    former: AddressCheck | None = None,
) -> AddressCheck:
    """Create an account and owe the mail by which its address is proved.

    `target` and `hold_key` are where the person goes on, and the key of what they hold; `former`
    is what this browser began before, which the same form sent twice goes on with. Raises
    ValidationError for a weak password.
    """
    validate_password(password)
    if former is not None and _is_same(former, email=email, password=password):
        former.target, former.hold_key = target, hold_key
        former.save(update_fields=["target", "hold_key"])
        return former
    return _begin(
        email=email, hashed=make_password(password), language=language, now=now, target=target,
        hold_key=hold_key,
    )  # fmt: skip


def _is_same(check: AddressCheck, *, email: str, password: str) -> bool:
    return (
        check.is_open
        and bytes(check.email_index) == email_index(email)
        and check_password(password, check.password)
    )


def _begin(
    *, email: str, hashed: str, language: str, now: datetime, target: str, hold_key: str
) -> AddressCheck:
    index = email_index(email) or b""
    common = {
        "kind": CheckKind.SIGN_UP, "email_index": index, "password": hashed, "target": target,
        "hold_key": hold_key, "now": now,
    }  # fmt: skip
    try:
        with transaction.atomic():
            account = create_account(email=email, password=None, language=language, hashed=hashed)
            entries.write("account-created", actor=account_actor(account), subjects=[account.pk])
            return _owed(account, address_checks.begin(account=account, **common), now=now)  # type: ignore[arg-type]
    except IntegrityError:
        known = Account.objects.get(email_index=index)
    with transaction.atomic():
        if known.email_verified_at is None and known.is_active:
            return _owed(known, address_checks.begin(account=known, **common), now=now)  # type: ignore[arg-type]
        check = address_checks.begin(account=None, is_void=True, **common)  # type: ignore[arg-type]
        return _owed(known, check, now=now)


def _owed(account: Account, check: AddressCheck, *, now: datetime) -> AddressCheck:
    check.save(force_insert=True)
    if check.is_void:
        accounts.owe(account, MessageKind.ALREADY_REGISTERED, now=now)
    else:
        accounts.owe(account, MessageKind.VERIFY_EMAIL, now=now, check=check)
    return check


@transaction.atomic
def resume(
    *, account: Account, now: datetime, target: str = "", hold_key: str = ""
) -> AddressCheck:
    """Go on with an account whose password was given and whose address is not proved yet.

    The check that is open goes on, so that a code that was sent before still fits; its mail is
    owed again unless it is owed already.
    """
    check = _open_check(account, now=now)
    if check is None:
        check = address_checks.begin(
            kind=CheckKind.SIGN_UP, account=account, email_index=bytes(account.email_index),
            now=now, password=account.password,
        )  # fmt: skip
    else:
        address_checks.renew(check, now=now)
    check.target, check.hold_key = target or check.target, hold_key or check.hold_key
    check.save()
    if not Message.objects.filter(
        account=account, kind=MessageKind.VERIFY_EMAIL, state=MessageState.OWED
    ).exists():
        accounts.owe(account, MessageKind.VERIFY_EMAIL, now=now, check=check)
    return check


def _open_check(account: Account, *, now: datetime) -> AddressCheck | None:
    rows = AddressCheck.objects.select_for_update(no_key=True).filter(
        account=account, kind=CheckKind.SIGN_UP, password=account.password, proved_at=None,
        ended_at=None, link_until__gt=now,
    )  # fmt: skip
    return rows.order_by("-created_at", "-pk").first()


def send_again(*, check: AddressCheck, now: datetime) -> None:
    """Owe the mail of a sign-up again. Raises TooSoon, and InvalidLink if it is over."""
    address_checks.note_mail(check, now=now)
    if check.account is not None and not check.is_void:
        accounts.owe(check.account, MessageKind.VERIFY_EMAIL, now=now, check=check)
        return
    known = Account.objects.filter(email_index=bytes(check.email_index), is_active=True).first()
    if known is not None:
        accounts.owe(known, MessageKind.ALREADY_REGISTERED, now=now)


def correct_address(
    *, check: AddressCheck, email: str, language: str, now: datetime
) -> AddressCheck:
    """Sign up with another address instead of a mistyped one, with the same password.

    The account that the mistyped address opened gets the other one; links to the former one end.
    Raises InvalidLink if the sign-up is over.
    """
    if not check.is_open:
        raise accounts.InvalidLink
    index = email_index(email) or b""
    if bytes(check.email_index) == index:
        return check
    given = {"now": now, "target": check.target, "hold_key": check.hold_key}
    account = check.account
    # An account that somebody else began with this address is not renamed by a stranger.
    if account is None or check.password != account.password:
        return _begin(email=email, hashed=check.password, language=language, **given)  # type: ignore[arg-type]
    try:
        with transaction.atomic():
            return _rename(account, check, email=email, index=index, now=now)
    except IntegrityError:
        return _begin(email=email, hashed=check.password, language=language, **given)  # type: ignore[arg-type]


def _rename(
    account: Account, check: AddressCheck, *, email: str, index: bytes, now: datetime
) -> AddressCheck:
    row = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.email_verified_at is not None or row.password != check.password:
        raise accounts.InvalidLink
    seal(row, email=email.strip())
    row.email_index = index
    row.save(update_fields=["email", "email_index"])
    address_checks.end_checks(account=row, now=now)
    entries.write("email-corrected", actor=account_actor(row), subjects=[row.pk], at=now)
    fresh = address_checks.begin(
        kind=CheckKind.SIGN_UP, account=row, email_index=index, now=now, password=check.password,
        target=check.target, hold_key=check.hold_key,
    )  # fmt: skip
    return _owed(row, fresh, now=now)


def is_disputed(check: AddressCheck) -> bool:
    """Whether others began an account with the same address and another password.

    Somebody who opens a link then says with the password which of them they are: else a stranger's
    sign-up, confirmed by mistake, would leave the stranger's password in force.
    """
    account = check.account
    if account is None or check.kind != CheckKind.SIGN_UP or not check.is_open:
        return False
    others = AddressCheck.objects.filter(
        account=account, kind=CheckKind.SIGN_UP, email_index=bytes(check.email_index)
    )
    return check.password != account.password or others.exclude(password=check.password).exists()


def knows_password(check: AddressCheck, password: str) -> bool:
    """Whether a password is the one that was chosen with a check."""
    return len(password) <= LONGEST_PASSWORD and check_password(password, check.password)
