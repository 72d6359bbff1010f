"""What a visitor has begun and not finished, kept in the session across signing in and out."""

import secrets

from django.contrib.auth import login
from django.http import HttpRequest

from booking.models import Account

HOLD_KEY = "hold_key"
AFTER_SIGN_IN = "after_sign_in"
KEPT = (HOLD_KEY, AFTER_SIGN_IN)


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
    return str(request.session.get(AFTER_SIGN_IN) or "")


def keep_target(request: HttpRequest, address: str) -> None:
    """Remember where the visitor goes on after signing in or creating an account."""
    request.session[AFTER_SIGN_IN] = address


def forget_target(request: HttpRequest, address: str | None = None) -> None:
    """Forget where the visitor was going on, or only that address, once they are done there."""
    if address is None or target(request) == address:
        request.session.pop(AFTER_SIGN_IN, None)


def sign_in(request: HttpRequest, account: Account, *, backend: str) -> None:
    """Begin the account's session and keep what the visitor had begun.

    Django empties a session that belonged to another account.
    """
    kept = {name: request.session[name] for name in KEPT if request.session.get(name)}
    login(request, account, backend=backend)
    request.session.update(kept)
