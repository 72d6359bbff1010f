"""What mails about the account itself say, and to which address they go."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts import access_changes, accounts
from booking.accounts.addresses import address_checks, email_change
from booking.accounts.factors import factor_reset, second_factor
from booking.models import AccessChange, Account, AddressCheck, Message
from booking.models.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox.letters import NothingToSay

# Each leads to one page of the account.
PAGES = {
    MessageKind.REPLY: "booking:my-conversations",
    MessageKind.PASSKEY: "booking:passkeys",
    MessageKind.DOCUMENT: "booking:my-documents",
    MessageKind.PASSWORD_CHANGED: "booking:forgotten",
    MessageKind.EMAIL_CHANGED: "booking:account",
    MessageKind.FACTOR_GONE: "booking:sign-in",
    MessageKind.FACTOR_ADDED: "booking:passkeys",
    MessageKind.CODES_MADE: "booking:passkeys",
    MessageKind.FACTOR_REMOVED: "booking:passkeys",
    MessageKind.CODES_ENDED: "booking:passkeys",
    MessageKind.CODE_USED: "booking:passkeys",
}
# These go to the address that the account had before.
TO_THE_FORMER = (MessageKind.EMAIL_ASKED, MessageKind.EMAIL_LEFT)


def about(message: Message, *, now: datetime) -> tuple[MessageKind, str, str, dict[str, object]]:
    """Return the kind, the address, the language and the words of a mail about an account.

    What was asked for by an address alone, or may belong to another account, is decided here: for
    whoever asked, nothing differs. Raises NothingToSay.
    """
    kind, check = MessageKind(message.kind), _found_check(message)
    owner = None
    if check is not None and kind in (MessageKind.EMAIL_CHANGE, MessageKind.VERIFY_EMAIL):
        owner = address_checks.owner_of(check)
    if owner is not None:
        kind = MessageKind.ALREADY_REGISTERED
    elif message.account_id is not None:
        return (kind, *_to_account(message, now=now))
    elif check is None:
        raise NothingToSay
    elif kind == MessageKind.VERIFY_EMAIL:
        return (kind, *_to_new_address(check, now=now))
    else:
        index = bytes(check.email_index)
        owner = Account.objects.filter(email_index=index, is_active=True).first()
    told = Message(kind=kind, account=owner, address_check=check)
    return (kind, *_to_account(told, now=now))


def _to_new_address(check: AddressCheck, *, now: datetime) -> tuple[str, str, dict[str, object]]:
    """The mail that proves the address of a sign-up."""
    if not check.is_open:
        raise NothingToSay
    context: dict[str, object] = {"site": settings.BASE_URL, **_proof(check, now=now)}
    with reveal([(check, ("email",))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        return plain.text(check, "email"), check.language, context


def _proof(check: AddressCheck, *, now: datetime) -> dict[str, object]:
    address_checks.lives_from(check, now=now)
    code = address_checks.code_of(check)
    return {
        "code": f"{code[:3]} {code[3:]}",
        "minutes": address_checks.CODE_MINUTES,
        "link": _link("booking:verify-email", address_checks.link_token(check)),
    }


def _to_account(message: Message, *, now: datetime) -> tuple[str, str, dict[str, object]]:
    account = message.account
    if account is None or not account.is_active or message.kind == MessageKind.VERIFY_EMAIL:
        raise NothingToSay
    kind = MessageKind(message.kind)
    context: dict[str, object] = {"site": settings.BASE_URL}
    holder: tuple[Account | AddressCheck, str] = (account, "email")
    if kind == MessageKind.EMAIL_CHANGE:
        check = _check(message)
        if not check.is_open:
            raise NothingToSay
        context |= _proof(check, now=now)
        holder = (check, "email")
    elif kind in TO_THE_FORMER:
        check = _check(message)
        if kind == MessageKind.EMAIL_ASKED and not check.is_open:
            raise NothingToSay
        context["link"] = _link("booking:stop-email-change", email_change.stop_token(check))
        holder = (check, "former")
    elif kind == MessageKind.RESET_PASSWORD:
        context["link"] = _link("booking:reset-password", accounts.reset_token(account))
    elif kind == MessageKind.FACTOR_RESET:
        reset = factor_reset.announced(account)
        if reset is None:
            raise NothingToSay
        context["due_at"] = reset.due_at
        context["link"] = _link("booking:stop-factor-reset", factor_reset.stop_token(reset))
    elif kind == MessageKind.ACCESS_CHANGED:
        context |= _changed(message, account)
    elif kind == MessageKind.ACCESS_UNDONE:
        context |= _undone(message, account)
    elif kind == MessageKind.ALREADY_REGISTERED:
        context["is_change"] = _is_change(message)
        context["link"] = _link("booking:sign-in")
        context["reset_link"] = _link("booking:forgotten")
    elif kind in PAGES:
        context["link"] = _link(PAGES[kind])
    if kind == MessageKind.ACCOUNT_ERASED:
        context |= {"erased_at": message.created_at, "cancelled": [], "number": 1, "total": 1}
    if kind == MessageKind.CODE_USED:
        context |= {"used_at": message.created_at, "left": second_factor.codes_left(account)}
    row, name = holder
    with reveal([(row, (name,))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(row, name)
    return to, account.language, context


def _changed(message: Message, reader: Account) -> dict[str, object]:
    """What an owner is told of a change, in their language, with the link that undoes it."""
    change = message.access_change
    if change is None or change.undone_at is not None:
        raise NothingToSay
    link = _link("booking:undo-change", access_changes.undo_token(message))
    has_link = access_changes.handling_of(change).undo is not None
    return {**_told(change, reader), "link": link if has_link else ""}


def _undone(message: Message, reader: Account) -> dict[str, object]:
    """What an owner is told of a change that was undone by a link."""
    change = message.access_change
    if change is None or change.undone_at is None:
        raise NothingToSay
    return {
        **_told(change, reader),
        "undone_at": change.undone_at,
        "is_undone_here": change.undone_by == reader.pk,
        "undone_by": access_changes.known_as(change.undone_by),
    }


def _told(change: AccessChange, reader: Account) -> dict[str, object]:
    """What was changed, where, when and by which account, in the reader's language."""
    handling = access_changes.handling_of(change)
    with translation.override(reader.language):
        said = handling.said(change)
    return {
        "place": handling.place(change.holder_id),
        "said": said,
        "made_at": change.made_at,
        "is_made_here": change.made_by == reader.pk,
        "made_by": access_changes.known_as(change.made_by),
        "sessions_link": _link("booking:sessions"),
    }


def _check(message: Message) -> AddressCheck:
    check = _found_check(message)
    if check is None:
        raise NothingToSay
    return check


def _found_check(message: Message) -> AddressCheck | None:
    pk = message.address_check_id
    return AddressCheck.objects.filter(pk=pk).first() if pk else None


def _is_change(message: Message) -> bool:
    """Whether another account asked for the address; otherwise a sign-up did."""
    check = _found_check(message)
    return check is not None and check.kind == CheckKind.CHANGE


def _link(name: str, *args: str) -> str:
    return accounts.site_url(reverse(name, args=args))
