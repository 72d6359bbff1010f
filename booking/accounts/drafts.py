"""What somebody typed into a form of their own when their session ended: kept for a while,
sealed under a key that the browser alone has.

Only ciphertext is kept, in the cache, and neither it nor its name tells whose it is. It is gone
after KEPT_S, and with the cookie.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass, field

import redis
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from audit.vault import carried

KEPT_S = 30 * 60
MOST_BYTES = 64 * 1024
DRAFTS_A_NETWORK = 60


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A form as it was sent: where to, and its fields in order.

    `files`: the fields that held files, each with a file's name; what the files say is not kept.
    `page`: the address of the page that holds the form, where it is another one.
    """

    address: str
    fields: list[tuple[str, str]]
    files: list[tuple[str, str]] = field(default_factory=list)
    page: str = ""

    @property
    def had_files(self) -> bool:
        """Whether something is to be attached again."""
        return bool(self.files)


def keep(draft: Draft, *, practice_id: uuid.UUID, mark: str, network: str) -> str | None:
    """Seal a draft of the dashboard and return what opens it; None where it cannot be kept.

    `mark`: only the account that it names may open it (`mark_of`). Where it is empty, the writer
    is not known, and any member of the practice may open it with what this returns.
    """
    token = _keep(draft, bound=practice_id.bytes + mark.encode(), network=network)
    return None if token is None else token + ("1" if mark else "0")


def find(token: str, *, practice_id: uuid.UUID, account_id: uuid.UUID) -> Draft | None:
    """Open a draft for a member of the practice at which it was written; None if it is gone."""
    mark = mark_of(account_id) if token.endswith("1") else ""
    return _find(token[:-1], bound=practice_id.bytes + mark.encode())


def keep_own(draft: Draft, *, mark: str, network: str) -> str | None:
    """Seal a draft for the account of a mark, and return what opens it; None where it cannot be."""
    return _keep(draft, bound=mark.encode(), network=network)


def find_own(token: str, *, account_id: uuid.UUID) -> Draft | None:
    """Open a draft for the account that wrote it; None if it is gone, or another's."""
    return _find(token, bound=mark_of(account_id).encode())


def mark_of(account_id: uuid.UUID) -> str:
    """What a browser keeps of the account that was signed in last: it names it to us alone."""
    return salted_hmac("booking.drafts.mark", str(account_id), algorithm="sha256").hexdigest()


def _keep(draft: Draft, *, bound: bytes, network: str) -> str | None:
    """None if it is too large, too many are kept, or the cache is away."""
    text = json.dumps([draft.address, draft.fields, draft.files, draft.page]).encode()
    key, sealed = carried.put_away(text, bound=bound)
    try:
        if len(text) > MOST_BYTES or not _may_keep(network):
            return None
        cache.set(_name(key), sealed.hex(), KEPT_S)
    except (redis.RedisError, ValueError):
        return None
    return key.hex()


def _find(token: str, *, bound: bytes) -> Draft | None:
    try:
        key = bytes.fromhex(token)
        kept = bytes.fromhex(str(cache.get(_name(key)) or ""))
    except (redis.RedisError, ValueError):
        return None
    text = carried.take_out(kept, key=key, bound=bound)
    if text is None:
        return None
    address, fields, files, page = json.loads(text)
    # What was kept before files had names says only whether there were some.
    files = [] if isinstance(files, bool) else [(name, value) for name, value in files]
    fields = [(name, value) for name, value in fields]
    return Draft(address=address, fields=fields, files=files, page=page)


def _name(key: bytes) -> str:
    return f"draft:{hashlib.sha256(b'name|' + key).hexdigest()}"


def _may_keep(network: str) -> bool:
    name = f"drafts:network:{network}"
    cache.add(name, 0, KEPT_S)
    return bool(cache.incr(name) <= DRAFTS_A_NETWORK)
