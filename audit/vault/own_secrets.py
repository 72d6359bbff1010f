"""Secrets that prove a person's identity, sealed for them.

They contain no name and are shown only once, to their owner, so that using one is not a reading of
personal data; the action that it is used for has an entry of its own. Each is sealed under a key
that is derived from its subject's data key, for one use: it needs the root key, and is lost when
the subject is erased.
"""

import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.vault import keys
from audit.vault.sealing import NONCE_BYTES, VERSION, SealBroken


def seal_secret(secret: bytes, *, subject_id: uuid.UUID, use: str) -> bytes:
    """Seal a subject's secret for one use. Makes the subject's data key at the first use."""
    nonce = os.urandom(NONCE_BYTES)
    key = keys.field_key(keys.ensure_data_key(subject_id), _label(use))
    return VERSION + nonce + AESGCM(key).encrypt(nonce, secret, _bound_to(subject_id, use))


def open_secret(sealed: bytes, *, subject_id: uuid.UUID, use: str) -> bytes:
    """Decrypt what `seal_secret` sealed for the same subject and use.

    Raises SealBroken if it was changed, moved or sealed for another use, or if the subject is
    erased, and KeyUnavailable.
    """
    data_key = keys.data_keys([subject_id]).get(subject_id)
    if data_key is None or sealed[:1] != VERSION:
        raise SealBroken(f"{use}: nothing opens it.")
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    cipher = AESGCM(keys.field_key(data_key, _label(use)))
    try:
        return cipher.decrypt(nonce, body, _bound_to(subject_id, use))
    except (InvalidTag, ValueError) as error:
        raise SealBroken(f"{use}: does not open for this subject.") from error


def _label(use: str) -> str:
    return f"own secret: {use}"


def _bound_to(subject_id: uuid.UUID, use: str) -> bytes:
    return b"|".join([use.encode(), subject_id.bytes])
