"""Writes with an Idempotency-Key: carried out once, with the same response for each repetition.

After draft-ietf-httpapi-idempotency-key-header. The key's row is part of the write's transaction: a
concurrent repetition waits for it, and a failed write leaves no row, so that it can be repeated.
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
    """The key was already used for a different request."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A stored response: status, JSON body and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def fingerprint_of(*, method: str, path: str, body: bytes) -> bytes:
    """A keyed hash that identifies a request; keyed because a body may contain a name."""
    key = derived_key(settings.SECRET_KEY, b"idempotent request")
    return hmac.digest(key, b"\n".join([method.encode(), path.encode(), body]), "sha256")


def begin(*, credential: Credential, key: str, fingerprint: bytes, now: datetime) -> Answer | None:
    """Store the key in the write's transaction; return the former response if there is one.

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
    """Store the response, in the same transaction."""
    IdempotentRequest.objects.filter(credential=credential, key=key).update(
        status=answer.status, body=answer.body, headers=answer.headers
    )


def drop_old(*, now: datetime) -> int:
    """Delete keys older than a day, and return how many."""
    count, _by_model = IdempotentRequest.objects.filter(created_at__lt=now - KEPT).delete()
    return count
