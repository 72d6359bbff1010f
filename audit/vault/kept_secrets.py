"""Secrets that a practice or a vendor gives us to use, and that name no patient.

They are encrypted under keys of their own, by use: these keys cannot decrypt sealed fields, which
only `reveal` can, because they are about people.
"""

from django.conf import settings
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes

from audit.derived_key import derived_key


def keep_secret(text: str, *, use: bytes) -> bytes:
    """Encrypt a secret for one use."""
    sealed: bytes = _box(use).encrypt(text.encode())
    return sealed


def use_secret(sealed: bytes, *, use: bytes) -> str:
    """Decrypt what `keep_secret` encrypted for the same use; raises InvalidToken or
    BadSignature.
    """
    opened: bytes = _box(use).decrypt(bytes(sealed))
    return opened.decode()


def _box(use: bytes) -> FernetBytes:
    return FernetBytes(
        key=derived_key(settings.SECRET_KEY, b"secret for " + use + b": encryption"),
        signer=FernetSigner(
            key=derived_key(settings.SECRET_KEY, b"secret for " + use + b": authentication")
        ),
    )
