"""Secrets that a practice or a vendor gives us to use, and that name no patient.

Sealed under keys of their own, by use: what is kept here opens no sealed field, and sealed fields
open only by `reveal`, since they are about people.
"""

from django.conf import settings
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes

from audit.derived_key import derived_key


def keep_secret(text: str, *, use: bytes) -> bytes:
    """Seal a secret for one use."""
    sealed: bytes = _box(use).encrypt(text.encode())
    return sealed


def use_secret(sealed: bytes, *, use: bytes) -> str:
    """Open what `keep_secret` sealed for the same use; raises InvalidToken or BadSignature else."""
    opened: bytes = _box(use).decrypt(bytes(sealed))
    return opened.decode()


def _box(use: bytes) -> FernetBytes:
    return FernetBytes(
        key=derived_key(settings.SECRET_KEY, b"secret for " + use + b": encryption"),
        signer=FernetSigner(
            key=derived_key(settings.SECRET_KEY, b"secret for " + use + b": authentication")
        ),
    )
