"""Counts of a credential's calls, kept in Redis for a month, for the vendor's own page.

They are statistics, not evidence: readings are in the record. Only routes, statuses and problem
types are stored, no identity and no parameter.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import redis

from audit.redis_client import redis_client

KEPT_DAYS = 31
KEPT_ERRORS = 50


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One call that was refused or failed."""

    at: datetime
    call: str
    status: int
    problem: str


@dataclass(frozen=True, kw_only=True)
class Calls:
    """The number of calls of one route, and how many of them were refused."""

    all: int
    refused: int


def add_call(
    steps: "redis.client.Pipeline", credential_id: UUID, *, call: str, now: datetime
) -> None:
    """Add the counting of one call, such as "GET agendas", to a Redis pipeline."""
    key = _calls_key(credential_id, now.date())
    steps.hincrby(key, call, 1)
    steps.expire(key, KEPT_DAYS * 86400)


def note_refusal(
    credential_id: UUID, *, call: str, status: int, problem: str, now: datetime
) -> None:
    """Count a refused call, and keep its time, route and reason. Raises redis.RedisError."""
    steps = redis_client().pipeline(transaction=False)
    steps.hincrby(_calls_key(credential_id, now.date()), f"{call}{_REFUSED}", 1)
    errors = _errors_key(credential_id)
    steps.lpush(errors, json.dumps([now.isoformat(), call, status, problem]))
    steps.ltrim(errors, 0, KEPT_ERRORS - 1)
    steps.expire(errors, KEPT_DAYS * 86400)
    steps.execute()


_REFUSED = " refused"


def calls_of(credential_id: UUID, *, days: int, now: datetime) -> dict[str, Calls]:
    """The number of calls in the last days, by route."""
    steps = redis_client().pipeline(transaction=False)
    for back in range(days):
        steps.hgetall(_calls_key(credential_id, now.date() - timedelta(days=back)))
    counted: Counter[str] = Counter()
    for day in steps.execute():
        counted.update({name.decode(): int(count) for name, count in day.items()})
    return {
        call: Calls(all=count, refused=counted[f"{call}{_REFUSED}"])
        for call, count in sorted(counted.items())
        if not call.endswith(_REFUSED)
    }


def failures_of(credential_id: UUID) -> list[Failure]:
    """The latest refused calls, newest first."""
    kept = redis_client().lrange(_errors_key(credential_id), 0, KEPT_ERRORS - 1)
    rows = [json.loads(text) for text in kept]  # type: ignore[union-attr]
    return [
        Failure(at=datetime.fromisoformat(at), call=call, status=status, problem=problem)
        for at, call, status, problem in rows
    ]


def _calls_key(credential_id: UUID, day: date) -> str:
    return f"doctolib:calls:{credential_id}:{day}"


def _errors_key(credential_id: UUID) -> str:
    return f"doctolib:failures:{credential_id}"
