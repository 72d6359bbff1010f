"""Root keys wrap data keys; a data key belongs to one subject; field keys are derived from it."""

import hmac
import os
import threading
import uuid
from collections.abc import Iterable

from cachetools import TTLCache
from django.db import connection
from django.utils import timezone

from audit.models import SubjectKey
from audit.vault.providers import KeyProvider, KeyUnavailable, provider

__all__ = [
    "KeyUnavailable",
    "data_keys",
    "ensure_data_key",
    "field_key",
    "forget_unwrapped",
    "new_data_key",
]

DATA_KEY_BYTES = 32
CACHE_KEYS = 10_000
CACHE_SECONDS = 300

# By provider, root key id and wrapped key, never by subject: the row is read each time, so a key
# that was destroyed or re-wrapped is not found here. What is spared is the key service's work.
_unwrapped: "TTLCache[tuple[KeyProvider, str, bytes], bytes]" = TTLCache(CACHE_KEYS, CACHE_SECONDS)
_lock = threading.Lock()


def unwrap(root_key_id: str, wrapped: bytes) -> bytes:
    """Return a data key, from this process's memory if it was unwrapped lately.

    Raises KeyUnavailable.
    """
    opener = provider()
    with _lock:
        found = _unwrapped.get((opener, root_key_id, wrapped))
    if found is None:
        found = opener.unwrap(root_key_id, wrapped)
        with _lock:
            _unwrapped[opener, root_key_id, wrapped] = found
    return found


def forget_unwrapped() -> None:
    """Empty this process's memory of unwrapped data keys."""
    with _lock:
        _unwrapped.clear()


def new_data_key(subject_id: uuid.UUID) -> tuple[SubjectKey, bytes]:
    """Make an unsaved SubjectKey row and its data key."""
    data_key = os.urandom(DATA_KEY_BYTES)
    root_key_id, wrapped = provider().wrap(data_key)
    row = SubjectKey(
        subject_id=subject_id, root_key_id=root_key_id, wrapped=wrapped, created_at=timezone.now()
    )
    return row, data_key


def data_keys(subject_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """Unwrap the data keys of these subjects, in one query; a subject without one is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, root_key_id, wrapped FROM audit_subjectkey"
            " WHERE subject_id = ANY(%s)",
            [list(set(subject_ids))],
        )
        rows = cursor.fetchall()
    return {subject_id: unwrap(key_id, bytes(wrapped)) for subject_id, key_id, wrapped in rows}


def ensure_data_key(subject_id: uuid.UUID) -> bytes:
    """Return the subject's data key, making it at the first sealing.

    Safe when two processes seal for a new subject at once: the first row stands.
    """
    found = data_keys([subject_id]).get(subject_id)
    if found is not None:
        return found
    row, data_key = new_data_key(subject_id)
    SubjectKey.objects.bulk_create([row], ignore_conflicts=True)
    stands = data_keys([subject_id])
    return stands.get(subject_id, data_key)


def field_key(data_key: bytes, label: str) -> bytes:
    """Derive the key of one table's column.

    HKDF-Expand with SHA-256, one block (RFC 5869 section 2.3; the data key is uniformly random,
    so the extract step is not needed, section 3.3).
    """
    return hmac.digest(data_key, b"doctolib field v1|" + label.encode() + b"\x01", "sha256")
