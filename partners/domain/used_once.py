"""Identifiers of signed statements (`jti`) that may be used once only, on every process."""

import hashlib

from audit.redis_client import redis_client


def first_use(kind: str, *identifiers: str, seconds: int) -> bool:
    """Say whether this is the first use within `seconds`, and note it, in one step.

    A Redis that does not answer raises: a replay must not pass because nobody remembers.
    """
    digest = hashlib.sha256("\0".join(identifiers).encode()).hexdigest()
    return bool(redis_client().set(f"doctolib:once:{kind}:{digest}", 1, nx=True, ex=seconds))
