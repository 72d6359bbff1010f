"""Text that is stored for its author, under a key that only the author's browser has.

Nothing here can decrypt what the vault has sealed, and without the browser's key the stored text
cannot be decrypted.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from audit.derived_key import derived_key

KEY_BYTES = NONCE_BYTES = 16


def put_away(text: bytes, *, bound: bytes) -> tuple[bytes, bytes]:
    """Encrypt a text (AES-GCM) and return a new key for it and the ciphertext.

    `bound` must be given again to decrypt it, such as the id of the reader; it is not secret.
    """
    key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
    return key, nonce + AESGCM(key).encrypt(nonce, text, bound)


def take_out(stored: bytes, *, key: bytes, bound: bytes) -> bytes | None:
    """Return the text that was stored; None if the key or `bound` differs."""
    try:
        return AESGCM(key).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        return None


def put_under(text: bytes, *, carried: str, use: bytes) -> bytes:
    """Encrypt a text under a secret that the browser already has, and return it.

    The key is derived from that secret and the application's, for one use: either secret alone can
    neither decrypt nor create such a text.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key_under(carried, use)).encrypt(nonce, text, use)


def take_from_under(stored: bytes, *, carried: str, use: bytes) -> bytes | None:
    """Return the text that was encrypted for this secret and use; None if either differs."""
    return take_out(stored, key=_key_under(carried, use), bound=use)


def _key_under(carried: str, use: bytes) -> bytes:
    return derived_key(f"{settings.SECRET_KEY}|{carried}", b"carried for " + use)
