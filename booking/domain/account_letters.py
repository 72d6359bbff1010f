"""What mails about the account itself say, and to which address they go."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.domain import accounts, address_checks, email_change, factor_reset
from booking.domain.letters import NothingToSay
from booking.models import Account, AddressCheck, Message
from booking.models.address_check import CheckKind
from booking.models.message import MessageKind

# Each leads to one page of the account.
PAGES = {
    MessageKind.REPLY: "booking:my-conversations",
    MessageKind.PASSKEY: "booking:passkeys",
    MessageKind.DOCUMENT: "booking:my-documents",
    MessageKind.PASSWORD_CHANGED: "booking:forgotten",
    MessageKind.EMAIL_CHANGED: "booking:account",
    MessageKind.FACTOR_GONE: "booking:sign-in",
}
PROVING = (MessageKind.VERIFY_EMAIL, MessageKind.EMAIL_CHANGE)
# These go to the address that the account had before.
TO_THE_FORMER = (MessageKind.EMAIL_ASKED, MessageKind.EMAIL_LEFT)


def about(message: Message, *, now: datetime) -> tuple[str, str, dict[str, object]]:
    """Return the address, the language and the words of a mail about an account.

    Raises NothingToSay.
    """
    account = message.account
    if account is None or not account.is_active:
        raise NothingToSay
    kind = MessageKind(message.kind)
    context: dict[str, object] = {"site": settings.BASE_URL}
    holder: tuple[Account | AddressCheck, str] = (account, "email")
    if kind in PROVING:
        check = _open_check(message, account)
        address_checks.lives_from(check, now=now)
        code = address_checks.code_of(check)
        context["code"] = f"{code[:3]} {code[3:]}"
        context["minutes"] = address_checks.CODE_MINUTES
        context["link"] = _link("booking:verify-email", address_checks.link_token(check))
        holder = (check, "email") if kind == MessageKind.EMAIL_CHANGE else holder
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
    elif kind == MessageKind.ALREADY_REGISTERED:
        context["is_change"] = _is_change(message)
        context["link"] = _link("booking:sign-in")
        context["reset_link"] = _link("booking:forgotten")
    elif kind in PAGES:
        context["link"] = _link(PAGES[kind])
    row, name = holder
    with reveal([(row, (name,))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        to = plain.text(row, name)
    return to, account.language, context


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


def _open_check(message: Message, account: Account) -> AddressCheck:
    check = _check(message)
    if not check.is_open:
        raise NothingToSay
    if message.kind == MessageKind.VERIFY_EMAIL and account.email_verified_at is not None:
        raise NothingToSay
    return check


def _link(name: str, *args: str) -> str:
    return accounts.site_url(reverse(name, args=args))
