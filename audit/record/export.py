"""The whole record for an auditor: one JSON document a line, no identity, no key."""

import json
from collections.abc import Iterator
from typing import Any

from audit.models import Checkpoint
from audit.record import content, verify
from audit.record.seal import streamed

FORMAT = "doctolib-record/1"
_SEALED = f"""
    SELECT l.index, {content.SELECTED} FROM audit_leaf l
    JOIN audit_entry e ON e.id = l.entry_id AND e.at = l.at ORDER BY l.index
"""  # noqa: S608 - our own column names


def export_lines() -> Iterator[str]:
    """Yield a header, every sealed entry in its order, and every checkpoint after its last entry.

    `verify_record.py` checks the result without us.
    """
    yield _line({"format": FORMAT, "key": str(verify.public_key())})
    notes_at = dict(Checkpoint.objects.values_list("size", "note"))
    with streamed(_SEALED) as chunks:
        for index, *columns in (row for rows in chunks for row in rows):
            text = content.canonical(content.with_details(columns)).decode()
            yield _line({"index": index, "entry": text})
            if index + 1 in notes_at:
                yield _line({"checkpoint": notes_at[index + 1]})


def _line(content_: dict[str, Any]) -> str:
    return json.dumps(content_, ensure_ascii=False, separators=(",", ":")) + "\n"
