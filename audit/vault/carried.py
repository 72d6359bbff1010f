"""Text that is kept for its author, under a key that the author's browser alone carries.

Nothing here opens what the vault has sealed: without the key that was handed out, what is stored
opens for nobody.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = NONCE_BYTES = 16


def put_away(text: bytes, *, bound: bytes) -> tuple[bytes, bytes]:
    """Seal a text (AES-GCM) and return a new key for it and what is stored.

    `bound`: what else must be said to open it, for whom it is for example; it is not secret.
    """
    key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
    return key, nonce + AESGCM(key).encrypt(nonce, text, bound)


def take_out(stored: bytes, *, key: bytes, bound: bytes) -> bytes | None:
    """Return the text that was put away; None where the key or what it is bound to is another."""
    try:
        return AESGCM(key).decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        return None
