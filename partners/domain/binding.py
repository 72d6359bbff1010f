"""Checking that a key-bound token is used with its key; a violation may reveal a theft.

A token that is sent with another key, or without one, is in the wrong hands. It is revoked at once,
and the credential's own software requests another. The watch counts each violation: an attacker who
obtains tokens again and again gets the credential stopped.
"""

from collections.abc import Callable
from datetime import datetime

from audit.incidents import containment
from audit.record.entries import Origin
from audit.watch.holders import Kind
from partners.models import AccessToken


class NotItsKey(Exception):
    """The token was sent with a key other than its own, or in another way than DPoP."""


def check(
    token: AccessToken, *, thumbprint: str, origin: Callable[[], Origin], now: datetime
) -> None:
    """Check a valid token against the key that the request proved; "" if it proved none.

    `origin` is only called if the check fails, because every request comes through here. Raises
    NotItsKey; the consequences for the token and its credential are committed by then.
    """
    if token.thumbprint == thumbprint:
        return
    if token.thumbprint:
        AccessToken.objects.filter(pk=token.pk).delete()
        containment.misused(
            holder_id=token.credential_id,
            kind=Kind.CREDENTIAL,
            group_id=token.credential.partner_id,
            code="token" if thumbprint else "bearer",
            origin=origin(),
            now=now,
        )
    raise NotItsKey
