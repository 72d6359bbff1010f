"""Beginning a session: what is still to be proved first, and where somebody goes on."""

import uuid
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django_otp import login as otp_login
from django_otp.models import Device

from audit import security_log
from audit.client_address import client_address
from audit.security_log import Step
from audit.views.factor import has_just_proved, has_second_factor, note_entered
from booking.accounts.factors import second_factor
from booking.accounts.sessions import sign_ins
from booking.accounts.workplaces import work_of
from booking.models import Account, RecoverySheet
from booking.pages.access import account_of, web_actor
from booking.pages.session import (
    codes_left,
    device,
    known,
    own_language,
    taken_over,
    unfinished,
    work_session,
)
from booking.pages.ways import local_target
from booking.session_store import session_digest

BACKEND = "booking.backends.EmailBackend"
AWAITING_CODE = "awaiting_code"
AWAITING_SINCE = "awaiting_code_since"
# How long a password that was given waits for the code of the second factor.
CODE_WITHIN = timedelta(minutes=15)
LONGEST_TARGET = 2000
# Nobody goes on to these once they are signed in: they would lead back here, or nowhere.
DOORS = {
    "booking:sign-in", "booking:sign-up", "booking:code", "booking:sign-out",
    "booking:check-mail", "booking:choose-password", "booking:forgotten", "booking:reset-asked",
    "booking:reset-password", "booking:prove-again", "booking:verify-email",
    "booking:begin-passkey", "booking:complete-passkey",
    "admin:login", "admin:logout",
}  # fmt: skip


def asked_target(request: HttpRequest) -> str:
    """The page of this site to which a form or a link asks to be led; "" if it names none."""
    asked = (request.POST.get("next") or request.GET.get("next") or "").strip()
    if not 0 < len(asked) <= LONGEST_TARGET or not local_target(request, asked):
        return ""
    try:
        found = resolve(urlsplit(asked).path)
    except (Resolver404, ValueError):
        return ""
    return "" if found.view_name in DOORS else asked


def leads_on(request: HttpRequest) -> str:
    """Where somebody goes on who signs in from the header of a page.

    From the last page of a booking to that one, and from a door to what it was opened for; ""
    elsewhere.
    """
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in unfinished.BOOKINGS and request.method != "POST":
        return request.get_full_path()
    if name in unfinished.BOOKINGS or name in DOORS:
        return asked_target(request) or unfinished.target(request)
    return ""


def arrive(request: HttpRequest) -> None:
    """Set aside what was begun in this browser unless somebody comes to sign in or up to finish it.

    The links of a booking's pages name it as what is next; those elsewhere do not.
    """
    unfinished.set_aside(request, unless=asked_target(request))


def next_target(request: HttpRequest, account: Account) -> str:
    """Where an account goes on once it is signed in.

    To the page that was asked for, else to the booking in progress, else to its work, else to its
    appointments.
    """
    now = timezone.now()
    unfinished.belongs_to(request, account)
    return (
        asked_target(request)
        or unfinished.target(request)
        or work_of(account, now=now)
        or reverse("booking:my-appointments")
    )


def with_next(page: str, target: str) -> str:
    """The address of a page that leads on to a target afterwards, if there is one."""
    return f"{page}?{urlencode({'next': target})}" if target else page


def go_on(request: HttpRequest) -> HttpResponse:
    """Lead an account that is signed in already to where it goes on."""
    return redirect(next_target(request, account_of(request)))


def enter(request: HttpRequest, account: Account, *, target: str, by: str = "password") -> None:
    """Begin a session for an account that has proved itself, and goes on at `target`.

    `by` is for the log: what the account was entered with.
    """
    device.end_unproved(request, account)
    # A proof given once more, without signing out, stays in the session that its owner knows.
    former = session_digest(request) if request.user == account else ""
    token = request.META.get("CSRF_COOKIE") if former else None
    unfinished.sign_in(request, account, backend=BACKEND)
    # What is said from now on stands on a page of the account's.
    own_language.show(request, account.language)
    if token:
        # Nobody has signed in or out: the forms of other tabs are good as they are.
        request.META["CSRF_COOKIE"] = token
    unfinished.set_aside(request, unless=target)
    unfinished.forget_target(request, target)
    note_entered(request, now=timezone.now())
    work_session.bind(request)
    if not sign_ins.renamed(former=former, session_digest=session_digest(request)):
        note_sign_in(request, now=timezone.now())
    security_log.note(Step.ENTERED, by=by, address=client_address(request), account_id=account.pk)
    known.remember(request, account)
    device.offer(request)


def proved_elsewhere(request: HttpRequest) -> str:
    """Where the page that asks for the code goes on, if another tab has given it; "" elsewhere.

    For a form whose token has aged, as the one of the second tab has once the first is signed in.
    """
    name = request.resolver_match.view_name if request.resolver_match else ""
    now = timezone.now()
    if name != "booking:code" or not request.user.is_authenticated:
        return ""
    if awaited_account(request, now=now) is not None or not has_just_proved(request, now=now):
        return ""
    return next_target(request, account_of(request))


def show_factor(request: HttpRequest, shown: Device) -> None:
    """Note that a session has shown a second factor just now, by which kind of device."""
    otp_login(request, shown)
    if isinstance(shown, RecoverySheet):
        second_factor.note_code_used(
            account=account_of(request), actor=web_actor(request), now=timezone.now()
        )
        codes_left.say(request, second_factor.standing(account_of(request)))
    work_session.note_code(request, network=client_address(request), now=timezone.now())
    security_log.note(
        Step.PROVED,
        by=type(shown).__name__,
        address=client_address(request),
        account_id=account_of(request).pk,
    )


def renew(request: HttpRequest) -> None:
    """Give a session that has proved itself once more another key: the former opens nothing."""
    former = session_digest(request)
    request.session.cycle_key()
    sign_ins.renamed(former=former, session_digest=session_digest(request))


def enter_or_ask(request: HttpRequest, account: Account) -> HttpResponse:
    """Go on with an account whose first factor is proved: to its second one, if it has one."""
    taken_over.take_over_expected(request, account)
    if has_second_factor(account):
        return ask_code(request, account, target=asked_target(request))
    target = next_target(request, account)
    enter(request, account, target=target)
    return redirect(taken_over.hold_again(request, target, now=timezone.now()))


def ask_code(request: HttpRequest, account: Account, *, target: str = "") -> HttpResponse:
    """Lead to the page that asks an account for the code of its second factor."""
    device.end_unproved(request, account)
    request.session[AWAITING_CODE] = str(account.pk)
    request.session[AWAITING_SINCE] = timezone.now().timestamp()
    return redirect(with_next(reverse("booking:code"), target))


def awaited_account(request: HttpRequest, *, now: datetime) -> Account | None:
    """The account that owes this session a code: its first factor was proved lately."""
    since: float = request.session.get(AWAITING_SINCE, 0.0)
    if now.timestamp() - since > CODE_WITHIN.total_seconds():
        return None
    pk = request.session.get(AWAITING_CODE) or uuid.UUID(int=0)
    return Account.objects.filter(pk=pk, is_active=True).first()


def forget_code(request: HttpRequest) -> None:
    """Note that no code is awaited any more."""
    for name in (AWAITING_CODE, AWAITING_SINCE):
        request.session.pop(name, None)


def note_sign_in(request: HttpRequest, *, now: datetime) -> None:
    """Note the session of a request, as its owner will recognise it."""
    if request.session.session_key is None:
        request.session.save()
    sign_ins.begin(
        account=account_of(request),
        session_digest=session_digest(request),
        user_agent=request.headers.get("User-Agent", ""),
        address=client_address(request),
        now=now,
    )
