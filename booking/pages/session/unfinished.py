"""What a visitor has begun and not finished, kept in the session across signing in and out.

Whoever signs in to finish it goes on with it. Whoever signs in elsewhere is not led into it: it is
set aside, said without naming anything, and taken up or let go by a button. What an account has
begun is nobody else's: it ends with signing out, or when another account signs in.

The address to go on at is kept for as long as somebody needs to sign up and find the mail: an
older one would lead them back to a booking that they gave up.
"""

import secrets
from datetime import timedelta

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone

from booking.models import Account
from practitioners.domain.scheduling.reservations.holds import release_holds

HOLD_KEY = "hold_key"
# The account that holds or goes on there; empty as long as nobody was signed in.
OWNER = "unfinished_owner"
AFTER_SIGN_IN = "after_sign_in"
KEPT_AT = "after_sign_in_kept_at"
SET_ASIDE = "set_aside"
SET_ASIDE_AT = "set_aside_at"
SLOT_PAGE = "slot_page"
# Sealed (kept_choice.py).
CHOICE = "choice"
KEPT = (HOLD_KEY, OWNER, AFTER_SIGN_IN, KEPT_AT, SET_ASIDE, SET_ASIDE_AT, CHOICE)
# The last pages of a booking.
BOOKINGS = {"booking:confirm", "booking:confirm-together"}
TARGET_LASTS = timedelta(hours=2)


def hold_key(request: HttpRequest) -> str:
    """Return the key under which this session holds slots; empty if it never held one."""
    return str(request.session.get(HOLD_KEY) or "")


def make_hold_key(request: HttpRequest) -> str:
    """Return the session's key for holding slots, made now if there is none."""
    key = hold_key(request) or secrets.token_hex(16)
    request.session[HOLD_KEY] = key
    _note_owner(request)
    return key


def _note_owner(request: HttpRequest) -> None:
    request.session[OWNER] = str(request.user.pk or "")


def target(request: HttpRequest) -> str:
    """Return the address where the visitor goes on after signing in; empty if none is kept."""
    return _address(request, AFTER_SIGN_IN, KEPT_AT)


def _address(request: HttpRequest, name: str, name_of_time: str) -> str:
    kept_at = request.session.get(name_of_time)
    now = timezone.now().timestamp()
    if kept_at is not None and now - float(kept_at) > TARGET_LASTS.total_seconds():
        return ""
    return str(request.session.get(name) or "")


def keep_target(request: HttpRequest, address: str) -> None:
    """Remember where the visitor goes on after signing in or creating an account."""
    request.session[AFTER_SIGN_IN] = address
    request.session[KEPT_AT] = timezone.now().timestamp()
    _note_owner(request)


def forget_target(request: HttpRequest, address: str | None = None) -> None:
    """Forget where the visitor was going on, or only that page, once they are there."""
    for name, at in ((AFTER_SIGN_IN, KEPT_AT), (SET_ASIDE, SET_ASIDE_AT)):
        kept = str(request.session.get(name) or "")
        if address is None or _path(kept) == _path(address):
            request.session.pop(name, None)
            request.session.pop(at, None)


def _path(address: str) -> str:
    return address.partition("?")[0]


def set_aside(request: HttpRequest, *, unless: str = "") -> None:
    """Set aside what the visitor had begun: they sign in for something else.

    `unless`: the address where they go on; what they had begun there is not set aside.
    """
    begun = target(request)
    if not begun or _path(begun) == _path(unless):
        return
    request.session[SET_ASIDE] = begun
    request.session[SET_ASIDE_AT] = request.session.get(KEPT_AT)
    request.session.pop(AFTER_SIGN_IN, None)
    request.session.pop(KEPT_AT, None)


def aside(request: HttpRequest) -> str:
    """Return the address of what was set aside; empty if there is nothing."""
    return _address(request, SET_ASIDE, SET_ASIDE_AT)


def give_up(request: HttpRequest) -> None:
    """Let go of whatever was begun, and of the slots that are held for it."""
    if key := hold_key(request):
        release_holds(key=key)
    for name in KEPT:
        request.session.pop(name, None)


def belongs_to(request: HttpRequest, account: Account) -> None:
    """Make what was begun here an account's, which has proved itself; another one's ends."""
    if request.session.get(OWNER) not in (None, "", str(account.pk)):
        give_up(request)
    if any(request.session.get(name) for name in KEPT):
        request.session[OWNER] = str(account.pk)


def keep_slot_page(request: HttpRequest, address: str) -> None:
    """Remember the page on which the visitor chose a slot."""
    request.session[SLOT_PAGE] = address


def slot_page(request: HttpRequest) -> str:
    """Return the page on which the visitor last chose a slot; empty if they chose none."""
    return str(request.session.get(SLOT_PAGE) or "")


def sign_in(request: HttpRequest, account: Account, *, backend: str) -> None:
    """Begin the account's session and keep what the visitor had begun, unless it was another's.

    Django empties a session that belonged to another account.
    """
    belongs_to(request, account)
    kept = {name: request.session[name] for name in KEPT if request.session.get(name)}
    login(request, account, backend=backend)
    request.session.update(kept)


def sign_out(request: HttpRequest) -> None:
    """End the account's session, and let go of what it had begun: others use the browser next."""
    give_up(request)
    logout(request)
