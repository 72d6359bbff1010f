"""How many requests a credential may make: a window of a minute, counted by Redis for all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from audit.redis_client import redis_client
from partners.domain import usage

WINDOW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Use:
    """What is left of the window, and in how many seconds the next one begins."""

    limit: int
    left: int
    seconds: int
    exceeded: bool


def count_request(credential_id: UUID, *, call: str, now: datetime) -> Use:
    """Count one request, in one step for all processes; for the vendor's page too (usage.py).

    Raises redis.RedisError.
    """
    at = int(now.timestamp())
    key = f"doctolib:requests:{credential_id}:{at // WINDOW_SECONDS}"
    steps = redis_client().pipeline(transaction=False)
    steps.incr(key)
    steps.expire(key, 2 * WINDOW_SECONDS)
    usage.add_call(steps, credential_id, call=call, now=now)
    count = steps.execute()[0]
    limit = settings.PARTNER_REQUESTS_A_MINUTE
    return Use(
        limit=limit,
        left=max(0, limit - count),
        seconds=WINDOW_SECONDS - at % WINDOW_SECONDS,
        exceeded=count > limit,
    )
