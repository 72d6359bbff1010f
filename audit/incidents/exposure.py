"""What an incident exposed: computed from the record alone, whenever it is asked for.

One index range for each source: `audit_entry_credential` is (credential_id, at),
`audit_entry_dashboard` (actor_id, at), and the bounds on `at` leave out the other months'
partitions. Canaries are nobody, and so not exposed.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from audit.incidents.selection import IS_ODD, OPENED_BY
from audit.models import Incident, IncidentSource
from audit.record.actions import readings
from audit.record.seal import streamed

# What is in flight while a holder is stopped may be noted by a process whose clock runs ahead.
CLOCKS_DIFFER = timedelta(minutes=10)
_OF = """
    SELECT id, at, practice_id, subjects, fields, object_id, purpose FROM audit_entry
    WHERE {whose} AND action = ANY(%(readings)s)
      AND at >= %(since)s AND at <= %(until)s
      AND (%(all)s OR details->>'network' = ANY(%(networks)s) OR details->>'key' = ANY(%(keys)s)
           OR details->>'token' = ANY(%(tokens)s))
      AND (NOT %(odd_alone)s OR {odd})
      AND NOT (cardinality(subjects) = 1
               AND EXISTS (SELECT FROM audit_canary c WHERE c.subject_id = subjects[1]))
      AND (%(anybody)s OR subjects && %(only)s::uuid[])
    ORDER BY at, id
"""
_LINES = {kind: _OF.format(whose=whose, odd=IS_ODD[kind]) for kind, whose in OPENED_BY.items()}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One opening: an entry of the record, which its proof is asked for by."""

    entry_id: uuid.UUID
    at: datetime
    practice_id: uuid.UUID | None
    subjects: tuple[uuid.UUID, ...]
    fields: tuple[str, ...]
    object_id: uuid.UUID | None
    purpose: str
    holder_id: uuid.UUID


@dataclass(kw_only=True)
class Exposure:
    """The sums: who, what of theirs, at which practices, when."""

    entries: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    # Subject: the columns that were opened.
    subjects: dict[uuid.UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    # Practice: its subjects.
    practices: dict[uuid.UUID, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))

    @property
    def fields(self) -> list[str]:
        """Every column that was opened of anybody."""
        return sorted({name for names in self.subjects.values() for name in names})


def lines_of(
    incident: Incident, *, now: datetime, only: Collection[uuid.UUID] = ()
) -> Iterator[Line]:
    """Every opening that belongs to an incident, source by source in order of time.

    With `only`, those about these subjects.
    """
    for holder_id, row in _rows(incident, now=now, only=only):
        entry_id, at, practice_id, subjects, fields, object_id, purpose = row
        yield Line(
            entry_id=entry_id, at=at, practice_id=practice_id, subjects=tuple(subjects),
            fields=tuple(fields), object_id=object_id, purpose=purpose, holder_id=holder_id,
        )  # fmt: skip


def _rows(
    incident: Incident, *, now: datetime, only: Collection[uuid.UUID]
) -> Iterator[tuple[uuid.UUID, tuple[Any, ...]]]:
    for source in incident.sources.order_by("began_at", "pk"):
        with streamed(_LINES[source.kind], _parameters(source, now=now, only=only)) as chunks:
            for rows in chunks:
                for row in rows:
                    yield source.holder_id, row


def _parameters(
    source: IncidentSource, *, now: datetime, only: Collection[uuid.UUID]
) -> dict[str, Any]:
    return {
        "holder": source.holder_id,
        "readings": readings(),
        "since": source.began_at,
        "until": source.let_in_at or now + CLOCKS_DIFFER,
        "all": not (source.networks or source.keys or source.tokens),
        "networks": source.networks,
        "keys": source.keys,
        "tokens": source.tokens,
        "odd_alone": source.odd_alone,
        "anybody": not only,
        "only": list(only),
    }


def exposure_of(incident: Incident, *, now: datetime, only: Collection[uuid.UUID] = ()) -> Exposure:
    """Sum up what an incident exposed, of everybody or of some."""
    found = Exposure()
    subjects_of, practices_of = found.subjects, found.practices
    for _holder, row in _rows(incident, now=now, only=only):
        _entry, at, practice_id, subjects, fields, _object, _purpose = row
        found.entries += 1
        if found.first_at is None or at < found.first_at:
            found.first_at = at
        if found.last_at is None or at > found.last_at:
            found.last_at = at
        for subject in subjects:
            subjects_of[subject].update(fields)
            if practice_id is not None:
                practices_of[practice_id].add(subject)
    return found
