"""Secrets that prove who somebody is, sealed for them.

They name nobody and are shown to nobody but once, so that using one is no reading of a person's
data: what it is used for has an entry of its own. Each is sealed under a key that is derived from
its subject's data key, for one use: it opens with the root key alone, and nowhere any more once
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
    """Open what `seal_secret` sealed for the same subject and use.

    Raises SealBroken where it was changed, moved or sealed for something else, or where the
    subject is erased, and KeyUnavailable.
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
