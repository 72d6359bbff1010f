"""Counting the mails that a request asks for by an address.

See booking/accounts/sessions/throttle.py.
"""

from django.http import HttpRequest
from django.utils import timezone

from audit.client_address import client_address
from booking.accounts.sessions import throttle
from booking.models.accounts.account import email_index
from booking.pages.access import account_of
from booking.pages.session import known


def take(request: HttpRequest, *, kind: str, index: bytes) -> bool:
    """Count a mail to an address, by its index; say whether it may leave.

    An account counts for itself, and so does a browser that brings our cookie. Raises
    throttle.TooManyTries.
    """
    return throttle.take_mail(
        kind=kind, index=index, network=client_address(request), browser=_asker(request),
        now=timezone.now(),
    )  # fmt: skip


def check(request: HttpRequest, *, kind: str, email: str) -> None:
    """Count a mail that a signed-in account sends by an address, which is told what comes of it.

    Raises throttle.TooManyTries.
    """
    if not take(request, kind=kind, index=email_index(email) or b""):
        raise throttle.TooManyTries


def _asker(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return account_of(request).pk.hex
    return known.name_of(request)
