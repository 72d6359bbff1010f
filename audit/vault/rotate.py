"""Rotation: a new root key, and rewrapping every data key under it while the site is running.

The rows themselves hold the progress, so a rotation that was interrupted continues when it is run
again. Older root keys can unwrap until they are retired.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Count

from audit import actions
from audit.models import SubjectKey
from audit.record import entries
from audit.record.entries import Channel, system_actor
from audit.vault import keys
from audit.vault.providers import provider

BATCH = 500
Tell = Callable[[int, int], None]


class StillInUse(Exception):
    """The root key, or another older one, still wraps data keys: it cannot be retired."""


def subjects_by_root_key() -> dict[str, int]:
    """The number of subjects under each root key."""
    counted = SubjectKey.objects.values("root_key_id").annotate(n=Count("pk"))
    return {row["root_key_id"]: row["n"] for row in counted.order_by("root_key_id")}


def introduce() -> str:
    """Make a new root key the current one; on the record. Raises NotHere, KeyUnavailable."""
    key_id = provider().introduce()
    entries.write(
        actions.ROOT_KEY_INTRODUCED,
        actor=system_actor(Channel.SHELL),
        details={"root_key": key_id},
    )
    return key_id


def rewrap(*, tell: Tell | None = None, batch: int = BATCH) -> int:
    """Wrap every data key under the current root key; returns how many were rewrapped.

    One transaction per batch, so that no row is locked for long. On the record when done. Raises
    KeyUnavailable.
    """
    current = provider().current_key_id()
    total = SubjectKey.objects.exclude(root_key_id=current).count()
    done = 0
    while count := _rewrap_batch(current, batch):
        done += count
        if tell is not None:
            tell(done, max(total, done))
    if done:
        entries.write(
            actions.DATA_KEYS_REWRAPPED,
            actor=system_actor(Channel.SHELL),
            details={"root_key": current, "count": done},
        )
    return done


@transaction.atomic
def _rewrap_batch(current: str, batch: int) -> int:
    rows = list(
        SubjectKey.objects.select_for_update(no_key=True)
        .exclude(root_key_id=current)
        .order_by("subject_id")[:batch]
    )
    opener = provider()
    for row in rows:
        data_key = opener.unwrap(row.root_key_id, bytes(row.wrapped))
        row.root_key_id, row.wrapped = opener.wrap(data_key)
    SubjectKey.objects.bulk_update(rows, ["root_key_id", "wrapped"])
    return len(rows)


def retire(*, root_key_id: str) -> None:
    """Retire a root key that wraps no data key; on the record.

    From then on, data keys that are still wrapped under it, such as in an old backup, cannot be
    unwrapped. Only possible when a rotation is complete, because Transit retires every older
    version with it. Raises StillInUse, NotHere, KeyUnavailable.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Nobody may wrap under it between the count and the retirement.
        cursor.execute("LOCK TABLE audit_subjectkey IN SHARE MODE")
        count = SubjectKey.objects.filter(root_key_id=root_key_id).count()
        if count:
            raise StillInUse(f"{count} data keys are still wrapped under {root_key_id}.")
        waiting = SubjectKey.objects.exclude(root_key_id=provider().current_key_id()).count()
        if waiting:
            raise StillInUse(f"{waiting} data keys wait to be wrapped anew: rotate first.")
        provider().retire(root_key_id)
        entries.write(
            actions.ROOT_KEY_RETIRED,
            actor=system_actor(Channel.SHELL),
            details={"root_key": root_key_id},
        )
    keys.forget_unwrapped()
