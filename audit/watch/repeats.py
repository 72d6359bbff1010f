"""The same subject again from the same place on the same day: nothing further is learned."""

import hashlib
import uuid
from datetime import UTC, datetime

from audit.redis_client import redis_client

A_DAY_S = 24 * 3600


def is_first(
    *, holder_id: uuid.UUID, subject_id: uuid.UUID, network: str, key: str, now: datetime
) -> bool:
    """Whether this is the first time on this day (UTC). Raises RedisError."""
    day = now.astimezone(UTC).date()
    text = f"{day} {holder_id.hex} {subject_id.hex} {network} {key}".encode()
    name = f"doctolib:opened:{hashlib.sha256(text).hexdigest()[:32]}"
    return bool(redis_client().set(name, b"1", nx=True, ex=A_DAY_S))
