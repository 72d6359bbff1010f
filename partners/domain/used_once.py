"""Identifiers of signed statements (`jti`) that may be used once only, on every process.

Redis remembers them. While it is away PostgreSQL does, so that agendas can be used meanwhile; what
was used just before it went away could be used again for as long as a proof lives, a minute, by
whoever saw it within TLS, for the very same request: and no identity opens without Redis.
"""

import hashlib
from datetime import datetime, timedelta

import redis
from django.db import connection
from django.utils import timezone

from audit.redis_client import claim
from partners.models import UsedStatement


def first_use(kind: str, *identifiers: str, seconds: int) -> bool:
    """Say whether this is the first use within `seconds`, and note it, in one step."""
    digest = hashlib.sha256("\0".join((kind, *identifiers)).encode())
    name = f"doctolib:once:{kind}:{digest.hexdigest()}"
    try:
        return claim(name, seconds=seconds) is None
    except redis.RedisError:
        return _first_in_database(
            digest.digest(), until=timezone.now() + timedelta(seconds=seconds)
        )


def _first_in_database(digest: bytes, *, until: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_usedstatement (digest, until) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            [digest, until],
        )
        return bool(cursor.rowcount == 1)


def drop_old(*, now: datetime) -> None:
    """Forget what could no longer be used anyway."""
    UsedStatement.objects.filter(until__lt=now).delete()
