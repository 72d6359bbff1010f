"""Keys derived from a secret of the settings."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derived_key(secret: str, info: bytes) -> bytes:
    """Return 32 bytes that only who has the secret can make (HKDF-SHA-256, RFC 5869)."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"doctolib " + info)
    return kdf.derive(secret.encode())
