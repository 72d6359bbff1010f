"""Mails about accounts: to whom they go, and what the kinds of this package say.

Other packages register mails about an account beside their own theme, with `register_letter`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from booking.models.accounts.address_check import CheckKind
from booking.models.message import MessageKind
from booking.outbox import kinds
from booking.outbox.letters import Letter, NothingToSay, rendered


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a mail says to its reader, and the row and field that hold its address.

    Without a row, it goes to the address of the account.
    """

    words: Mapping[str, object] = field(default_factory=dict)
    holder: AddressCheck | None = None
    address: str = "email"


# What a kind says about an account. Raises NothingToSay.
Says = Callable[[Message, Account, datetime], Said]
_SAYS: dict[MessageKind, Says] = {}


def register_letter(
    kind: MessageKind, *, leads_to: tuple[str, ...], says: Says | None = None
) -> None:
    """Say what mails of a kind about an account are; once for each, when the apps are loaded.

    Without `says`, the mail links to the one address in `leads_to`.
    """
    _SAYS[kind] = says or _one_link(leads_to[0])
    related = ("account",)
    kinds.register(kind, kind=kinds.Kind(compose=_letter, leads_to=leads_to, related=related))


def _one_link(name: str) -> Says:
    def says(message: Message, account: Account, now: datetime) -> Said:
        return Said(words={"link": link(name)})

    return says


def register_letters() -> None:
    """Say what the mails of this package are."""
    passkeys = ("booking:passkeys",)
    for kind in (
        MessageKind.PASSKEY, MessageKind.FACTOR_ADDED, MessageKind.FACTOR_REMOVED,
        MessageKind.CODES_MADE, MessageKind.CODES_ENDED,
    ):  # fmt: skip
        register_letter(kind, leads_to=passkeys)
    register_letter(MessageKind.CODE_USED, leads_to=passkeys, says=_code_used)
    register_letter(MessageKind.PASSWORD_CHANGED, leads_to=("booking:forgotten",))
    register_letter(MessageKind.FACTOR_GONE, leads_to=("booking:sign-in",))
    register_letter(MessageKind.EMAIL_CHANGED, leads_to=("booking:account",))
    stops = ("booking:stop-email-change",)
    register_letter(MessageKind.EMAIL_ASKED, leads_to=stops, says=_to_the_former)
    register_letter(MessageKind.EMAIL_LEFT, leads_to=stops, says=_to_the_former)
    proves = ("booking:verify-email",)
    register_letter(MessageKind.EMAIL_CHANGE, leads_to=proves, says=_email_change)
    register_letter(MessageKind.VERIFY_EMAIL, leads_to=proves, says=_nothing)
    register_letter(
        MessageKind.ALREADY_REGISTERED,
        leads_to=("booking:sign-in", "booking:forgotten"),
        says=_already_registered,
    )
    register_letter(
        MessageKind.RESET_PASSWORD, leads_to=("booking:reset-password",), says=_reset_password
    )
    register_letter(
        MessageKind.FACTOR_RESET, leads_to=("booking:stop-factor-reset",), says=_factor_reset
    )
    changes = ("booking:undo-change", "booking:sessions")
    register_letter(MessageKind.ACCESS_CHANGED, leads_to=changes, says=_changed)
    register_letter(MessageKind.ACCESS_UNDONE, leads_to=("booking:sessions",), says=_undone)


def _letter(message: Message, *, now: datetime) -> Letter:
    return rendered(*about(message, now=now))


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
        "link": link("booking:verify-email", address_checks.link_token(check)),
    }


def _to_account(message: Message, *, now: datetime) -> tuple[str, str, dict[str, object]]:
    account = message.account
    if account is None or not account.is_active:
        raise NothingToSay
    said = _SAYS[MessageKind(message.kind)](message, account, now)
    row: Account | AddressCheck = said.holder or account
    with reveal([(row, (said.address,))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(row, said.address)
    return to, account.language, {"site": settings.BASE_URL, **said.words}


def _nothing(message: Message, account: Account, now: datetime) -> Said:
    """A sign-up proves its address before there is an account."""
    raise NothingToSay


def _code_used(message: Message, account: Account, now: datetime) -> Said:
    left = second_factor.codes_left(account)
    words = {"link": link("booking:passkeys"), "used_at": message.created_at, "left": left}
    return Said(words=words)


def _email_change(message: Message, account: Account, now: datetime) -> Said:
    check = _check(message)
    if not check.is_open:
        raise NothingToSay
    return Said(words=_proof(check, now=now), holder=check)


def _to_the_former(message: Message, account: Account, now: datetime) -> Said:
    """To the address that the account had before."""
    check = _check(message)
    if message.kind == MessageKind.EMAIL_ASKED and not check.is_open:
        raise NothingToSay
    words = {"link": link("booking:stop-email-change", email_change.stop_token(check))}
    return Said(words=words, holder=check, address="former")


def _already_registered(message: Message, account: Account, now: datetime) -> Said:
    words = {
        "is_change": _is_change(message),
        "link": link("booking:sign-in"),
        "reset_link": link("booking:forgotten"),
    }
    return Said(words=words)


def _reset_password(message: Message, account: Account, now: datetime) -> Said:
    return Said(words={"link": link("booking:reset-password", accounts.reset_token(account))})


def _factor_reset(message: Message, account: Account, now: datetime) -> Said:
    reset = factor_reset.announced(account)
    if reset is None:
        raise NothingToSay
    stop = link("booking:stop-factor-reset", factor_reset.stop_token(reset))
    return Said(words={"due_at": reset.due_at, "link": stop})


def _changed(message: Message, reader: Account, now: datetime) -> Said:
    """What an owner is told of a change, in their language, with the link that undoes it."""
    change = message.access_change
    if change is None or change.undone_at is not None:
        raise NothingToSay
    undo = link("booking:undo-change", access_changes.undo_token(message))
    has_link = access_changes.handling_of(change).undo is not None
    return Said(words={**_told(change, reader), "link": undo if has_link else ""})


def _undone(message: Message, reader: Account, now: datetime) -> Said:
    """What an owner is told of a change that was undone by a link."""
    change = message.access_change
    if change is None or change.undone_at is None:
        raise NothingToSay
    words = {
        **_told(change, reader),
        "undone_at": change.undone_at,
        "is_undone_here": change.undone_by == reader.pk,
        "undone_by": access_changes.known_as(change.undone_by),
    }
    return Said(words=words)


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
        "sessions_link": link("booking:sessions"),
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


def link(name: str, *args: str) -> str:
    """A link of a mail to an address of this site."""
    return accounts.site_url(reverse(name, args=args))
