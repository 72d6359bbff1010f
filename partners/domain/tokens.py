"""Access tokens: short-lived, opaque, and looked up at every request, so that revoking is
immediate.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from audit.fixed_query import FixedQuery
from partners.domain.scopes import SCOPES
from partners.models import AccessToken, Credential

# SMART Backend Services: an access token lives five minutes at most.
TOKEN_SECONDS = 300


def digest_of(token: str) -> bytes:
    """The digest that is stored of a token; tokens are 256 random bits, so one hash suffices."""
    return hashlib.sha256(token.encode()).digest()


def granted_scopes(credential: Credential) -> list[str]:
    """The scopes of at least one practice's current grant, in their usual order."""
    given = credential.grants.in_force()
    held = {scope for scopes in given.values_list("scopes", flat=True) for scope in scopes}
    return [scope for scope in SCOPES if scope in held]


def issue(*, credential: Credential, scopes: Iterable[str], thumbprint: str, now: datetime) -> str:
    """Create a token with these scopes, bound to a key if `thumbprint` is given; return its
    text.
    """
    token = secrets.token_urlsafe(32)
    AccessToken.objects.create(
        digest=digest_of(token),
        credential=credential,
        scopes=list(scopes),
        thumbprint=thumbprint,
        expires_at=now + timedelta(seconds=TOKEN_SECONDS),
    )
    return token


_FIND = FixedQuery(
    [AccessToken, Credential],
    "FROM {0} JOIN {1} ON {1}.id = {0}.credential_id WHERE {0}.digest = %s AND {0}.expires_at > %s",
    more=[
        "ARRAY(SELECT DISTINCT unnest(g.scopes) FROM partners_grant g"
        " WHERE g.credential_id = {1}.id AND g.revoked_at IS NULL)"
    ],
)


def find(token: str, *, now: datetime) -> AccessToken | None:
    """Return an unexpired token with its credential, suspended or not.

    Its `granted_now` are the scopes that practices grant now, independent of the token's own.
    """
    found = _FIND.first(digest_of(token), now)
    if found is None:
        return None
    row: AccessToken = found[0]
    row.credential, row.granted_now = found[1], found[2]  # type: ignore[attr-defined]
    return row


def drop_expired(*, now: datetime) -> int:
    """Delete the tokens that have expired, and return how many there were."""
    count, _by_model = AccessToken.objects.filter(expires_at__lte=now).delete()
    return count
