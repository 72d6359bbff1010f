"""What one page of the dashboard tells the next one, in its address.

It is signed for the account that did it, and holds for a moment: an address that somebody else
opens, or that is opened much later, tells nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest

from booking.pages.access import account_of


def sign(request: HttpRequest, values: Sequence[object], *, salt: str) -> str:
    """Return values of JSON's own types as a word for an address; no names belong there."""
    return signing.dumps([str(account_of(request).pk), *values], salt=salt, compress=True)


def read(request: HttpRequest, name: str, *, salt: str, lasts: timedelta) -> list[Any] | None:
    """Return what the parameter says to this account; None where it says nothing."""
    try:
        account_id, *values = signing.loads(request.GET.get(name, ""), salt=salt, max_age=lasts)
    except (signing.BadSignature, ValueError):
        return None
    return values if account_id == str(account_of(request).pk) else None
