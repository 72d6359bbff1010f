"""Text that is kept for its author, under a key that the author's browser alone carries.

Nothing here opens what the vault has sealed: without the key that was handed out, what is stored
opens for nobody.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from audit.derived_key import derived_key

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


def put_under(text: bytes, *, carried: str, use: bytes) -> bytes:
    """Seal a text under something secret that the browser carries already, and return it.

    The key is made from that and from the application's secret, for one use: whoever has one of
    the two opens nothing, and can write nothing that opens.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key_under(carried, use)).encrypt(nonce, text, use)


def take_from_under(stored: bytes, *, carried: str, use: bytes) -> bytes | None:
    """Return the text that was put under what is carried; None where that or the use is another."""
    return take_out(stored, key=_key_under(carried, use), bound=use)


def _key_under(carried: str, use: bytes) -> bytes:
    return derived_key(f"{settings.SECRET_KEY}|{carried}", b"carried for " + use)
