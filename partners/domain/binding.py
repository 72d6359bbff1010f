"""A token that is bound to a key opens nothing without it, and whoever tries gives a theft away.

The token of a request that proves another key, or none, is in hands that it was not given to. It
ends at once, and its credential's own software asks for another. The watch hears of it: who
shows such tokens again and again has a way to get them, and then the credential is stopped.
"""

from collections.abc import Callable
from datetime import datetime

from audit.incidents import containment
from audit.record.entries import Origin
from audit.watch.holders import Kind
from partners.models import AccessToken


class NotItsKey(Exception):
    """The token was shown with another key than it is bound to, or in another way."""


def check(
    token: AccessToken, *, thumbprint: str, origin: Callable[[], Origin], now: datetime
) -> None:
    """Hold a live token to the key that the request proved; "" where it proved none.

    `origin` is asked only where the token is not its bearer's: every request comes through here.
    Raises NotItsKey; what that means for the token and its credential is committed by then.
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
