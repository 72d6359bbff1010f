"""Writes under an Idempotency-Key: carried out once, and answered alike each time.

After draft-ietf-httpapi-idempotency-key-header. The key's row is part of the write's transaction:
a repetition that comes at the same time waits for it, and a write that failed left no row, so it
may be tried again.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from audit.derived_key import derived_key
from partners.models import Credential, IdempotentRequest

KEPT = timedelta(hours=24)


class UsedForAnother(Exception):
    """The key was sent before, with another request."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered: status, JSON body and the headers that belong to it."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def fingerprint_of(*, method: str, path: str, body: bytes) -> bytes:
    """What tells one request from another. Keyed, since a body may name somebody."""
    key = derived_key(settings.SECRET_KEY, b"idempotent request")
    return hmac.digest(key, b"\n".join([method.encode(), path.encode(), body]), "sha256")


def begin(*, credential: Credential, key: str, fingerprint: bytes, now: datetime) -> Answer | None:
    """Note the key in the write's transaction; return the former answer if there was one.

    Raises UsedForAnother.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_idempotentrequest"
            " (credential_id, key, fingerprint, headers, created_at)"
            " VALUES (%s, %s, %s, '{}', %s) ON CONFLICT DO NOTHING",
            [credential.pk, key, fingerprint, now],
        )
        if cursor.rowcount:
            return None
    former = IdempotentRequest.objects.get(credential=credential, key=key)
    if bytes(former.fingerprint) != fingerprint:
        raise UsedForAnother
    return Answer(status=former.status or 200, body=former.body, headers=former.headers)


def finish(*, credential: Credential, key: str, answer: Answer) -> None:
    """Keep what was answered, in the same transaction."""
    IdempotentRequest.objects.filter(credential=credential, key=key).update(
        status=answer.status, body=answer.body, headers=answer.headers
    )


def drop_old(*, now: datetime) -> int:
    """Forget keys after a day, and return how many."""
    count, _by_model = IdempotentRequest.objects.filter(created_at__lt=now - KEPT).delete()
    return count
