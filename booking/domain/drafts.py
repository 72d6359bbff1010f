"""What somebody typed into a form of the dashboard when their session ended: kept for a while,
sealed under a key that the browser alone has.

Only ciphertext is kept, in the cache, and neither it nor its name tells whose it is. It is gone
after KEPT_S, and with the cookie.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass

import redis
from django.core.cache import cache

from audit.vault import carried

KEPT_S = 30 * 60
MOST_BYTES = 64 * 1024
DRAFTS_A_NETWORK = 60


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A form as it was sent: where to, and its fields in order."""

    address: str
    fields: list[tuple[str, str]]
    had_files: bool


def keep(
    draft: Draft, *, practice_id: uuid.UUID, account_id: uuid.UUID | None, network: str
) -> str | None:
    """Seal a draft and return what opens it; None if it is too large, too many are kept, or the
    cache is away.

    `account_id`: only that account may open it. Without one whoever wrote it is not known, and
    any member of the practice may who has what opens it.
    """
    text = json.dumps([draft.address, draft.fields, draft.had_files]).encode()
    key, sealed = carried.put_away(text, bound=_bound(practice_id, account_id))
    try:
        if len(text) > MOST_BYTES or not _may_keep(network):
            return None
        cache.set(_name(key), sealed, KEPT_S)
    except (redis.RedisError, ValueError):
        return None
    return key.hex() + ("1" if account_id else "0")


def find(token: str, *, practice_id: uuid.UUID, account_id: uuid.UUID) -> Draft | None:
    """Open a draft for a member of the practice at which it was written; None if it is gone."""
    try:
        key = bytes.fromhex(token[:-1])
    except ValueError:
        return None
    kept = cache.get(_name(key)) if len(key) == carried.KEY_BYTES else None
    if kept is None:
        return None
    bound = _bound(practice_id, account_id if token.endswith("1") else None)
    text = carried.take_out(kept, key=key, bound=bound)
    if text is None:
        return None
    address, fields, had_files = json.loads(text)
    return Draft(address=address, fields=[(n, v) for n, v in fields], had_files=had_files)


def _bound(practice_id: uuid.UUID, account_id: uuid.UUID | None) -> bytes:
    return practice_id.bytes + (account_id.bytes if account_id else b"")


def _name(key: bytes) -> str:
    return f"draft:{hashlib.sha256(b'name|' + key).hexdigest()}"


def _may_keep(network: str) -> bool:
    name = f"drafts:network:{network}"
    cache.add(name, 0, KEPT_S)
    return bool(cache.incr(name) <= DRAFTS_A_NETWORK)
