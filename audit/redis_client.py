"""One Redis client a process, for what Django's cache does not offer."""

from functools import lru_cache

import redis
from django.conf import settings


@lru_cache(maxsize=2)
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url)


def redis_client() -> "redis.Redis":
    """The client of the Redis that the settings name."""
    return _client(settings.CACHES["default"]["LOCATION"])
