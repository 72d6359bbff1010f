"""What a page says once its form is carried out, at an address that can be gone back to.

A browser keeps no answer to a form that must not be stored, and going back to it fails
(ERR_CACHE_MISS). So an accepted form leads to a GET of its own address, which says what was done:
by a signed word in the address, or, where it is secret, by what the session keeps for a while.
"""

import json
from typing import Any

from cryptography.fernet import InvalidToken
from django.core import signing
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from audit.vault.kept_secrets import keep_secret, use_secret

DONE = "fait"
SAID_S = 24 * 60 * 60
SECRET = "shown_afterwards"  # noqa: S105 - the name in the session
SECRET_SAID_S = 10 * 60
USE = b"shown after a form"


def lead(request: HttpRequest, **done: object) -> HttpResponse:
    """Lead from an accepted form to its own address, which knows for a day what was done."""
    word = signing.dumps(done, salt=f"{DONE} {request.path}")
    return redirect(f"{request.path}?{DONE}={word}")


def said(request: HttpRequest) -> dict[str, Any] | None:
    """What was done, on the page to which `lead` led; None on any other, and after a day."""
    if request.method == "POST" or DONE not in request.GET:
        return None
    try:
        found: dict[str, Any] = signing.loads(
            request.GET[DONE], salt=f"{DONE} {request.path}", max_age=SAID_S
        )
    except BadSignature:
        return None
    return found


def keep_secret_for(request: HttpRequest, path: str, **shown: object) -> None:
    """Keep what one page shows, sealed in the session, for SECRET_SAID_S."""
    text = json.dumps([path, timezone.now().timestamp(), shown])
    request.session[SECRET] = keep_secret(text, use=USE).hex()


def kept_secret(request: HttpRequest) -> dict[str, Any] | None:
    """What this page may still show; None where there is nothing, and after SECRET_SAID_S."""
    try:
        sealed = bytes.fromhex(request.session.get(SECRET, ""))
        path, at, shown = json.loads(use_secret(sealed, use=USE)) if sealed else ("", 0, {})
    except (BadSignature, InvalidToken, ValueError):
        return None
    if path != request.path or timezone.now().timestamp() - at > SECRET_SAID_S:
        return None
    found: dict[str, Any] = shown
    return found
