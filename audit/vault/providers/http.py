"""One JSON call over HTTP, for key services; every failure is KeyUnavailable."""

import base64
import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from audit.plain_http import open_url
from audit.vault.providers.protocol import KeyUnavailable

TIMEOUT_S = 5.0
UNREADABLE = "The key service's answer cannot be read."


def call(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the JSON answer, {} for an empty one. Raises KeyUnavailable."""
    if not url.startswith(("https://", "http://")):
        raise KeyUnavailable("The address of the key service must begin with https://")
    data = None if body is None else json.dumps(body).encode()
    request = Request(  # noqa: S310 - the scheme was checked above
        url, data=data, method=method, headers={"Content-Type": "application/json", **headers}
    )
    try:
        with open_url(request, timeout=TIMEOUT_S) as answer:
            text = answer.read()
        found = json.loads(text) if text else {}
    except HTTPError as error:
        error.close()
        raise KeyUnavailable(f"The key service answered {error.code}.") from None
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise KeyUnavailable(f"The key service does not answer ({type(error).__name__}).") from None
    if not isinstance(found, dict):
        raise KeyUnavailable(UNREADABLE)
    return found


def decoded(text: object) -> bytes:
    """Return the bytes of a base64 member of an answer. Raises KeyUnavailable, also if empty."""
    try:
        return base64.b64decode(str(text or "!"), validate=True)
    except ValueError:
        raise KeyUnavailable(UNREADABLE) from None
