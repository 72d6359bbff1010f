"""Root keys wrap data keys; a data key belongs to one subject; field keys are derived from it."""

import hashlib
import hmac
import os
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_cryptography.core.signing import BadSignature, FernetSigner
from django_cryptography.utils.crypto import FernetBytes, InvalidToken

from audit.models import SubjectKey

DATA_KEY_BYTES = 32


class KeyUnavailable(Exception):
    """No root key at hand opens this data key, or the subject was erased."""


class KeyProvider(Protocol):
    """Wraps and unwraps data keys; the root key itself never leaves the provider."""

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Return the id of the root key used, and the wrapped data key."""

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        """Return the data key; raises KeyUnavailable."""


class SettingsKeyProvider:
    """Root keys from settings (file or environment), for development and small installations.

    Wrapping is django-cryptography's FernetBytes (AES-256-CBC with HMAC-SHA-256), its two keys
    derived from the root key by HKDF.
    """

    def __init__(self, root_keys: Iterable[str]) -> None:
        self._boxes: dict[str, FernetBytes] = {}
        for root_key in root_keys:
            key_id = hashlib.sha256(b"doctolib root key id|" + root_key.encode()).hexdigest()[:16]
            self._boxes.setdefault(
                key_id,
                FernetBytes(
                    key=_derive(root_key, b"wrap: encryption"),
                    signer=FernetSigner(key=_derive(root_key, b"wrap: authentication")),
                ),
            )
        if not self._boxes:
            raise KeyUnavailable("No root key is configured.")
        self.current_key_id = next(iter(self._boxes))

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        return self.current_key_id, self._boxes[self.current_key_id].encrypt(data_key)

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        box = self._boxes.get(root_key_id)
        if box is None:
            raise KeyUnavailable(f"Root key {root_key_id} is not configured.")
        try:
            return box.decrypt(bytes(wrapped))
        except (InvalidToken, BadSignature) as error:
            raise KeyUnavailable(f"Root key {root_key_id} does not open this data key.") from error


def _derive(root_key: str, info: bytes) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"doctolib " + info)
    return kdf.derive(root_key.encode())


@lru_cache(maxsize=4)
def _settings_provider(root_keys: tuple[str, ...]) -> SettingsKeyProvider:
    return SettingsKeyProvider(root_keys)


def provider() -> KeyProvider:
    """The key provider that the settings name."""
    return _settings_provider(tuple(settings.VAULT_ROOT_KEYS))


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
    opener = provider()
    return {
        subject_id: opener.unwrap(key_id, bytes(wrapped)) for subject_id, key_id, wrapped in rows
    }


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
