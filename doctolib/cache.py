"""Django's Redis cache, in JSON, with one client a connection pool."""

import json
import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

logger = logging.getLogger(__name__)


class JSONOnly:
    """Writes JSON and reads nothing else.

    Django's own serializer reads pickles, and a pickle that is read runs what it says: whoever
    writes to Redis would run code in every process.
    """

    def dumps(self, obj: Any) -> int | str:
        # A number by itself, so that Redis counts on.
        return obj if type(obj) is int else json.dumps(obj, separators=(",", ":"))

    def loads(self, data: bytes) -> Any:
        """Return what was written; None for what is no JSON, which was not written by us."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            logger.warning("the cache holds what is no JSON")
            return None


class _OneClient(RedisCacheClient):
    """Keeps the client it made: making one at every call costs more than the call itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"serializer": JSONOnly})
        self._kept: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the client for reading or for writing; threads may share it."""
        kept = self._kept.get(write)
        if kept is None:
            kept = self._kept[write] = super().get_client(key, write=write)
        return kept

    def get(self, key: Any, default: Any) -> Any:
        """Return what is kept, or the default where nothing is that can be read."""
        found = super().get(key, None)
        return default if found is None else found


class OneClientRedisCache(RedisCache):
    """The cache of the site: what is kept for a short while."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _OneClient
