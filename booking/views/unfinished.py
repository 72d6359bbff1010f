"""What a visitor has begun and not finished, kept in the session across signing in and out.

The address to go on at is kept for as long as somebody needs to sign up and find the mail: an
older one would lead them back to a booking that they gave up.
"""

import secrets
from datetime import timedelta

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone

from booking.models import Account

HOLD_KEY = "hold_key"
AFTER_SIGN_IN = "after_sign_in"
KEPT_AT = "after_sign_in_kept_at"
SLOT_PAGE = "slot_page"
KEPT = (HOLD_KEY, AFTER_SIGN_IN, KEPT_AT)
TARGET_LASTS = timedelta(hours=2)


def hold_key(request: HttpRequest) -> str:
    """Return the key under which this session holds slots; empty if it never held one."""
    return str(request.session.get(HOLD_KEY) or "")


def make_hold_key(request: HttpRequest) -> str:
    """Return the session's key for holding slots, made now if there is none."""
    key = hold_key(request) or secrets.token_hex(16)
    request.session[HOLD_KEY] = key
    return key


def target(request: HttpRequest) -> str:
    """Return the address where the visitor goes on after signing in; empty if none is kept."""
    kept_at = request.session.get(KEPT_AT)
    now = timezone.now().timestamp()
    if kept_at is not None and now - float(kept_at) > TARGET_LASTS.total_seconds():
        return ""
    return str(request.session.get(AFTER_SIGN_IN) or "")


def keep_target(request: HttpRequest, address: str) -> None:
    """Remember where the visitor goes on after signing in or creating an account."""
    request.session[AFTER_SIGN_IN] = address
    request.session[KEPT_AT] = timezone.now().timestamp()


def forget_target(request: HttpRequest, address: str | None = None) -> None:
    """Forget where the visitor was going on, or only that page, once they are there."""
    if address is None or target(request).partition("?")[0] == address.partition("?")[0]:
        request.session.pop(AFTER_SIGN_IN, None)
        request.session.pop(KEPT_AT, None)


def keep_slot_page(request: HttpRequest, address: str) -> None:
    """Remember the page on which the visitor chose a slot."""
    request.session[SLOT_PAGE] = address


def slot_page(request: HttpRequest) -> str:
    """Return the page on which the visitor last chose a slot; empty if they chose none."""
    return str(request.session.get(SLOT_PAGE) or "")


def sign_in(request: HttpRequest, account: Account, *, backend: str) -> None:
    """Begin the account's session and keep what the visitor had begun.

    Django empties a session that belonged to another account.
    """
    kept = {name: request.session[name] for name in KEPT if request.session.get(name)}
    login(request, account, backend=backend)
    request.session.update(kept)


def sign_out(request: HttpRequest) -> None:
    """End the account's session; what it holds stays with this browser for its minutes.

    A hold names nobody. The address is forgotten: it says what the account was about to book.
    """
    key = hold_key(request)
    logout(request)
    if key:
        request.session[HOLD_KEY] = key
