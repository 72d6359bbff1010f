"""Proofs for patients and auditors: that an entry is in the record, and that a record only grew."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from audit.models import Checkpoint
from audit.record import content, merkle, tree, verify

FORMAT = "doctolib-proof/1"


class NotYetSealed(Exception):
    """The entry exists, and the next checkpoint will cover it."""


def newest_note() -> str:
    """The newest checkpoint with the cosignatures it has; empty before the first one."""
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        return ""
    lines = checkpoint.cosignatures.order_by("witness").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def inclusion(*, entry_id: uuid.UUID, subjects: Iterable[uuid.UUID]) -> dict[str, Any]:
    """Return the proof that an entry is in the record, as `verify_record.py` takes it.

    It opens the commitments of the given `subjects` and of no others. Raises NotYetSealed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.index, {content.SELECTED} FROM audit_leaf l"  # noqa: S608 - our columns
            " JOIN audit_entry e ON e.id = l.entry_id AND e.at = l.at WHERE l.entry_id = %s",
            [entry_id],
        )
        row = cursor.fetchone()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if row is None or checkpoint is None:
        raise NotYetSealed
    index, *columns = row
    values = content.with_details(columns)
    path = merkle.inclusion_path(index, checkpoint.size, tree.StoredTree(checkpoint.size).node)
    named = set(values[content.SUBJECTS])
    return {
        "format": FORMAT,
        "key": str(verify.public_key()),
        "checkpoint": newest_note(),
        "index": index,
        "entry": content.canonical(values).decode(),
        "path": [step.hex() for step in path],
        "subjects": {
            str(subject): content.nonce(entry_id, subject).hex()
            for subject in subjects
            if subject in named
        },
    }


def sealed_ids(entry_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """The ids among these that are already sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM audit_leaf WHERE entry_id = ANY(%s)", [list(entry_ids)]
        )
        return {row[0] for row in cursor.fetchall()}


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The proof that the record of one size begins with the record of a smaller one."""

    old: int
    new: int
    path: list[bytes]


def consistency(*, old: int, new: int) -> Growth:
    """Return the consistency proof between two sizes. Raises tree.NotInTree."""
    if not 0 <= old <= new <= tree.size():
        raise tree.NotInTree(f"no sizes {old} and {new}")
    return Growth(
        old=old, new=new, path=merkle.consistency_path(old, new, tree.StoredTree(new).node)
    )
