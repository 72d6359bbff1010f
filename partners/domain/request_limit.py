"""The request limit of a credential: a window of a minute, counted in Redis for all processes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from audit.redis_client import redis_client
from partners.domain import usage

WINDOW_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Use:
    """The requests left in the window, and the seconds until the next one begins."""

    limit: int
    left: int
    seconds: int
    exceeded: bool


def count_request(credential_id: UUID, *, call: str, now: datetime) -> Use:
    """Count one request atomically for all processes, and for the vendor's page (usage.py).

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
