"""How many people's data one member of our own team may open: a bound, as software has one.

Somebody who writes to support is opened by name, once; whoever goes through the patients in
Django admin is not at support. What is refused is on the record, under who asked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.record import entries
from audit.record.entries import Actor
from audit.vault.reveal import Purpose
from audit.watch import budget
from audit.watch.budget import Limits

LIMITS = Limits(minute=6, hour=25, day=80)


def guard_admin(
    *,
    actor: Actor,
    pairs: list[tuple[Any, str]],
    purpose: Purpose,
    details: Mapping[str, object],
    at: datetime | None,
) -> dict[str, object]:
    """Count whom a staff page is about to open.

    Raises budget.BudgetSpent, and redis.RedisError when nobody can count: then nothing opens.
    """
    now = at or timezone.now()
    assert actor.id is not None  # noqa: S101 - staff are accounts
    for subject in sorted({row.subject_id for row, _name in pairs}):
        try:
            budget.spend(holder=actor.id, subject=subject, limits=LIMITS, now=now)
        except budget.BudgetSpent as spent:
            entries.write(
                "staff-refused",
                actor=actor,
                purpose=purpose.value,
                at=now,
                details={"limit": spent.limit, "seconds": spent.window // 1000},
            )
            raise
    return {}
