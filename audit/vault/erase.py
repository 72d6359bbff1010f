"""Erasing a person: the data key is destroyed, and everything sealed with it becomes unreadable.

Replicas lose the key with the row. Backups lose it because the key table is backed up apart from
the data, and only its newest backup is kept; a backup that contains both is readable until the root
key of its time is retired (docs/operations.md).
"""

import base64
import json
import uuid
from collections.abc import Iterable, Iterator

from django.db import DataError, IntegrityError, transaction
from django.utils.dateparse import parse_datetime

from audit import actions
from audit.models import SubjectKey
from audit.record import entries
from audit.record.entries import Actor, Channel, system_actor
from audit.vault import keys

FORMAT = "doctolib-keys/1"


class UnreadableKeys(Exception):
    """The file is not a backup of the key table; the text gives the position of the error."""


@transaction.atomic
def erase(*, subject_ids: Iterable[uuid.UUID], actor: Actor) -> int:
    """Destroy the data keys of these subjects; returns how many there were. On the record.

    Existing entries about them stay: they contain no identity.
    """
    ids = list(subject_ids)
    count, _by_model = SubjectKey.objects.filter(subject_id__in=ids).delete()
    entries.write(actions.SUBJECT_ERASED, actor=actor, subjects=ids, purpose="account")
    transaction.on_commit(keys.forget_unwrapped)
    return count


def backup_lines() -> Iterator[str]:
    """The key table, one line per subject: wrapped keys, which only a root key can unwrap."""
    yield json.dumps({"format": FORMAT}) + "\n"
    for row in SubjectKey.objects.order_by("subject_id").iterator():
        yield (
            json.dumps(
                {
                    "subject": str(row.subject_id),
                    "root_key": row.root_key_id,
                    "wrapped": base64.b64encode(bytes(row.wrapped)).decode(),
                    "created_at": row.created_at.isoformat(),
                }
            )
            + "\n"
        )


@transaction.atomic
def restore(lines: Iterable[str]) -> int:
    """Replace the key table with a backup; returns how many keys it has.

    After a restore of older data, keys that were destroyed since then are missing from the backup,
    as they should be. On the record. Raises UnreadableKeys, and then nothing has changed.
    """
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            found = json.loads(line)
            if number == 1:
                if found["format"] != FORMAT:
                    raise ValueError(found["format"])
                continue
            created_at = parse_datetime(found["created_at"])
            if created_at is None or created_at.tzinfo is None:
                raise ValueError("created_at")
            rows.append(
                SubjectKey(
                    subject_id=uuid.UUID(found["subject"]),
                    root_key_id=found["root_key"],
                    wrapped=base64.b64decode(found["wrapped"], validate=True),
                    created_at=created_at,
                )
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UnreadableKeys(f"line {number}: {error!r}") from error
    if not rows:
        raise UnreadableKeys("it holds no key")
    SubjectKey.objects.all().delete()
    try:
        SubjectKey.objects.bulk_create(rows, batch_size=5000)
    except (DataError, IntegrityError) as error:
        # A subject twice, or a name of a root key that no column holds.
        raise UnreadableKeys(f"it does not fit the table: {error}") from error
    entries.write(
        actions.DATA_KEYS_RESTORED, actor=system_actor(Channel.SHELL), details={"count": len(rows)}
    )
    transaction.on_commit(keys.forget_unwrapped)
    return len(rows)
