"""One Redis client a process, for what Django's cache does not offer."""

import secrets
from functools import lru_cache
from typing import Any

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


def claim(name: str, *, seconds: int, mark: bytes = b"") -> bytes | None:
    """Claim a name that nobody else holds, for some seconds; return what stands there otherwise.

    None means that it is ours. A command whose answer was lost is sent again (see `_client`), and
    then meets what it wrote itself: so each claim has letters of its own behind its mark. A claim
    that ends in between is told by its mark alone. Raises RedisError.
    """
    client, ours = redis_client(), mark + secrets.token_hex(8).encode()
    if client.set(name, ours, nx=True, ex=seconds):
        return None
    stands: Any = client.get(name)
    found: bytes | None = stands
    if found == ours:
        return None
    return mark if found is None else found
