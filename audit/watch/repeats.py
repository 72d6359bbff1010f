"""Repeated reveals of a subject from the same network and key on the same day, which add
nothing.
"""

import hmac
import uuid
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings

from audit.derived_key import derived_key
from audit.redis_client import claim

A_DAY_S = 24 * 3600


@lru_cache(maxsize=2)
def _key(secret: str) -> bytes:
    """The name of the Redis key: keyed, so that others with access to Redis cannot forge a
    repeat.
    """
    return derived_key(secret, b"repeated openings")


def is_first(
    *, holder_id: uuid.UUID, subject_id: uuid.UUID, network: str, key: str, now: datetime
) -> bool:
    """Whether this is the first time on this day (UTC). Raises RedisError."""
    day = now.astimezone(UTC).date()
    text = f"{day} {holder_id.hex} {subject_id.hex} {network} {key}".encode()
    name = f"doctolib:opened:{hmac.digest(_key(settings.SECRET_KEY), text, 'sha256').hex()[:32]}"
    return claim(name, seconds=A_DAY_S) is None
