"""When a session last proved itself, and what asks it to do so again.

A cookie in wrong hands opens what its session opens, and no more: whatever gives access away,
changes how somebody signs in, or takes data out as a file wants a proof that is newer than a
quarter of an hour (OWASP ASVS 5.0, requirement 7.5.1 and 7.5.3).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django_otp import devices_for_user

CODE_GIVEN_AT = "code_given_at"
ENTERED_AT = "entered_at"
FRESH = timedelta(minutes=15)
# Under this name a view says by which methods it asks; the tests of access compare it with a list.
ASKS_ON = "asks_fresh_factor_on"
Answer = TypeVar("Answer", bound=HttpResponseBase)


class ProofIsOld(Exception):
    """The session proved itself too long ago for what it asks; a guard leads to where it may.

    `is_file`: what was asked is no page, so that the way back is to the page with the link.
    """

    def __init__(self, *, is_file: bool = False) -> None:
        super().__init__()
        self.is_file = is_file


def note_code_given(request: HttpRequest, *, now: datetime) -> None:
    """Remember when this session last showed the second factor."""
    request.session[CODE_GIVEN_AT] = now.timestamp()


def note_entered(request: HttpRequest, *, now: datetime) -> None:
    """Remember when this session last showed the first factor."""
    request.session[ENTERED_AT] = now.timestamp()


def code_given_at(request: HttpRequest) -> float:
    """When this session last showed the second factor, in seconds of POSIX time; 0 if never."""
    return float(request.session.get(CODE_GIVEN_AT, 0.0))


def has_second_factor(account: Any) -> bool:
    """Whether the account has a device, or a passkey, by which it shows a second factor."""
    return next(devices_for_user(account), None) is not None


def has_just_proved(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this session showed the second factor within a quarter of an hour.

    Where the account has none, the first one counts.
    """
    if cast(Any, request.user).is_verified():
        return now.timestamp() - code_given_at(request) <= FRESH.total_seconds()
    if has_second_factor(request.user):
        return False
    entered_at = float(request.session.get(ENTERED_AT, 0.0))
    return now.timestamp() - entered_at <= FRESH.total_seconds()


def require_fresh(request: HttpRequest, *, is_file: bool = False) -> None:
    """Raise ProofIsOld unless the session has just proved itself."""
    if not has_just_proved(request, now=timezone.now()):
        raise ProofIsOld(is_file=is_file)


def fresh_factor(
    *methods: str, asks_password: bool = False, is_file: bool = False
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Let a view be asked by these methods only with a proof that is fresh.

    It stands inside the guard that says who may enter, which leads to the proof and back.
    `asks_password`: the view itself asks accounts without a second factor for their password.
    `is_file`: it answers with a file, not with a page.
    """

    def decorate(view: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Answer:
            by_password = asks_password and not has_second_factor(request.user)
            if request.method in methods and not by_password:
                require_fresh(request, is_file=is_file)
            return view(request, *args, **kwargs)

        setattr(guarded, ASKS_ON, frozenset(methods))
        return guarded

    return decorate
