"""The canonical text of an entry, which is hashed and authenticated.

JSON with sorted keys, no white space, UTF-8; instants in UTC with microseconds. The code that
authenticates an entry (HMAC-SHA-256) has a key that the database does not hold, so an entry that
was forged in the table is recognised even before it is sealed.

Subjects are in the text as commitments, each SHA-256 of a nonce of its own and the subject's id:
one entry is often about many patients, and a patient who receives it as a proof learns the nonce of
their own subject and nothing of the others.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.derived_key import derived_key

COLUMNS = (
    "id", "at", "action", "actor_kind", "actor_id", "practice_id", "credential_id",
    "channel", "purpose", "subjects", "fields", "object_id", "link", "details",
)  # fmt: skip
SUBJECTS, LINK = COLUMNS.index("subjects"), COLUMNS.index("link")
# As `canonical` takes them: the JSON document as text, whatever the driver would make of it.
SELECTED = ", ".join(f"e.{name}" for name in COLUMNS[:-1]) + ", e.details::text"


def canonical(values: Sequence[Any]) -> bytes:
    """Return the canonical text of an entry's values, in the order of COLUMNS."""
    content = {
        name: _plain(value)
        for name, value in zip(COLUMNS, values, strict=True)
        if value is not None
    }
    content["subjects"] = [commitment(values[0], subject) for subject in values[SUBJECTS]]
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def nonce(entry_id: uuid.UUID, subject_id: uuid.UUID) -> bytes:
    """The nonce that opens the commitment to one subject of one entry."""
    key = _derived(settings.RECORD_KEY, b"subjects")
    return hmac.digest(key, entry_id.bytes + subject_id.bytes, "sha256")[:16]


def commitment(entry_id: uuid.UUID, subject_id: uuid.UUID) -> str:
    """The commitment to a subject in an entry's text."""
    return hashlib.sha256(nonce(entry_id, subject_id) + subject_id.bytes).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value


def with_details(row: Sequence[Any]) -> list[Any]:
    """Turn a row of SELECTED into what `canonical` takes.

    Details that Python cannot read (thousands of digits or of brackets) stand as their text: no
    entry of ours has such, and sealing must not stop at one that somebody else put in.
    """
    try:
        return [*row[:-1], json.loads(row[-1])]
    except (ValueError, RecursionError):
        return [*row]


def plain_details(details: Mapping[str, object] | None) -> dict[str, Any]:
    """Return details as they will be read back: plain JSON values."""
    read: dict[str, Any] = json.loads(json.dumps(dict(details or {}), default=str))
    return read


@lru_cache(maxsize=4)
def _derived(record_key: str, info: bytes) -> bytes:
    return derived_key(record_key, b"record " + info)


def authentication_code(content: bytes) -> bytes:
    """Return the code that proves that this platform wrote an entry."""
    return hmac.digest(_derived(settings.RECORD_KEY, b"entries"), content, "sha256")


def row_code(kind: str, *values: Any) -> bytes:
    """Return the code over the columns of a row of the tree's tables that no signature covers.

    `kind` prevents a row of one table from passing as one of another.
    """
    plain = [_plain(value) for value in values]
    return authentication_code(json.dumps([kind, *plain], ensure_ascii=False).encode())


def signing_key() -> Ed25519PrivateKey:
    """The key that signs checkpoints."""
    return Ed25519PrivateKey.from_private_bytes(_derived(settings.RECORD_KEY, b"checkpoints"))
