"""One Redis client a process, for what Django's cache does not offer."""

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# A closed connection is made anew once. Whoever waits for a Redis that is away waits no longer
# than this: redis-py's own default goes on trying for seconds, at every command.
CONNECT_S, ANSWER_S = 1.0, 2.0


@lru_cache(maxsize=2)
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 1), socket_connect_timeout=CONNECT_S, socket_timeout=ANSWER_S
    )


def redis_url() -> str:
    """The address of the Redis that the settings name."""
    return str(settings.CACHES["default"]["LOCATION"])


def redis_client() -> "redis.Redis":
    """The client of the Redis that the settings name."""
    return _client(redis_url())
