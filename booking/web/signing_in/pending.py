"""The address that this browser has signed up with and not proved yet.

The session keeps which check it is, and the address as it was typed, sealed under a key of its own
use: only to be shown to the browser in which it was typed.
"""

import base64
import binascii

from cryptography.fernet import InvalidToken
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from audit.ids import read_id
from audit.vault.kept_secrets import keep_secret, use_secret
from booking.models import AddressCheck

PENDING = "address_check"
TYPED = "address_typed"
USE = b"address being proved"


def lead_to_mail(request: HttpRequest, check: AddressCheck, *, email: str) -> HttpResponse:
    """Remember the check of this browser, and lead to the page that waits for its code."""
    request.session[PENDING] = str(check.pk)
    sealed = keep_secret(email.strip(), use=USE)
    request.session[TYPED] = base64.b64encode(sealed).decode()
    return redirect("booking:check-mail")


def check_of(request: HttpRequest) -> AddressCheck | None:
    """The check that this browser waits for, whatever has become of it."""
    pk = read_id(request.session.get(PENDING, ""))
    rows = AddressCheck.objects.select_related("account")
    return rows.filter(pk=pk).first() if pk else None


def address_of(request: HttpRequest) -> str:
    """The address as it was typed in this browser; empty if it is not known any more."""
    try:
        sealed = base64.b64decode(request.session.get(TYPED, ""))
        return use_secret(sealed, use=USE) if sealed else ""
    except (InvalidToken, BadSignature, binascii.Error, ValueError):
        return ""


def forget(request: HttpRequest) -> None:
    """Forget the check: it is done, or given up."""
    for name in (PENDING, TYPED):
        request.session.pop(name, None)
