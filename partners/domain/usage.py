"""What a credential's calls were: counted in Redis for a month, for the vendor's own page.

Statistics, not evidence: what was read stands on the record. No identity and no parameter is
kept, only routes, statuses and kinds of problems.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from audit.redis_client import redis_client

KEPT_DAYS = 31
KEPT_ERRORS = 50


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One call that was refused, or that failed."""

    at: datetime
    method: str
    route: str
    status: int
    problem: str


def note_call(
    credential_id: UUID, *, method: str, route: str, status: int, problem: str, now: datetime
) -> None:
    """Count one call; of a refused one, keep when, where and why. Raises redis.RedisError."""
    steps = redis_client().pipeline(transaction=False)
    key = _calls_key(credential_id, now.date())
    steps.hincrby(key, f"{method} {route} {status}", 1)
    steps.expire(key, KEPT_DAYS * 86400)
    if status >= 400:
        errors = _errors_key(credential_id)
        steps.lpush(errors, json.dumps([now.isoformat(), method, route, status, problem]))
        steps.ltrim(errors, 0, KEPT_ERRORS - 1)
        steps.expire(errors, KEPT_DAYS * 86400)
    steps.execute()


def calls_of(credential_id: UUID, *, days: int, now: datetime) -> dict[tuple[str, int], int]:
    """How many calls there were in the last days, by "METHOD route" and status."""
    steps = redis_client().pipeline(transaction=False)
    for back in range(days):
        steps.hgetall(_calls_key(credential_id, now.date() - timedelta(days=back)))
    found: dict[tuple[str, int], int] = {}
    for day in steps.execute():
        for name, count in day.items():
            route, _, status = name.decode().rpartition(" ")
            found[route, int(status)] = found.get((route, int(status)), 0) + int(count)
    return found


def failures_of(credential_id: UUID) -> list[Failure]:
    """The latest refused calls, the newest first."""
    kept = redis_client().lrange(_errors_key(credential_id), 0, KEPT_ERRORS - 1)
    rows = [json.loads(text) for text in kept]  # type: ignore[union-attr]
    return [
        Failure(
            at=datetime.fromisoformat(at), method=method, route=route, status=status,
            problem=problem,
        )
        for at, method, route, status, problem in rows
    ]  # fmt: skip


def _calls_key(credential_id: UUID, day: date) -> str:
    return f"doctolib:calls:{credential_id}:{day}"


def _errors_key(credential_id: UUID) -> str:
    return f"doctolib:failures:{credential_id}"
