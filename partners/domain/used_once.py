"""The replay cache: identifiers of signed statements (`jti`), usable once across all processes.

They are stored in Redis. While Redis is unavailable they are stored in PostgreSQL, so that agendas
can still be used; a proof that was used just before could then be replayed until it expires, within
a minute, by an attacker inside TLS and for the same request only. Identities cannot be revealed
without Redis.
"""

import hashlib
from datetime import datetime, timedelta

import redis
from django.db import connection
from django.utils import timezone

from audit.redis_client import claim
from partners.models import UsedStatement


def first_use(kind: str, *identifiers: str, seconds: int) -> bool:
    """Return whether this is the first use within `seconds`, and store it, atomically."""
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
    """Delete identifiers that have expired."""
    UsedStatement.objects.filter(until__lt=now).delete()
