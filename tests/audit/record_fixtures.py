"""A sealed record to play with. The record outlives a test: nothing can be deleted from it."""

import uuid

from django.db import connection
from django.utils import timezone

from audit.actions import REVEAL
from audit.record import entries, seal, verify
from audit.record.entries import Actor, ActorKind, Channel

SUBJECT = uuid.UUID("01a00000-0000-7000-8000-0000000000aa")
ACTOR = Actor(
    kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=uuid.uuid4(), practice_id=uuid.uuid4()
)


def write_entries(count: int) -> list[uuid.UUID]:
    return [
        entries.write(
            REVEAL,
            actor=ACTOR,
            purpose="care",
            subjects=[SUBJECT, uuid.uuid4()],
            fields=["booking_patient.last_name", "booking_patient.phone"],
            object_id=uuid.uuid4(),
            details={"n": n, "word": "é"},
        )
        for n in range(count)
    ]


def grow(*counts: int) -> list[str]:
    """Write and seal in several runs; return the notes of the checkpoints."""
    found = []
    for count in counts:
        write_entries(count)
        found.append(seal.seal_entries(now=timezone.now()).note)
    return found


def sql(statement: str, parameters: object = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def rows(statement: str, parameters: object = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


__all__ = ["ACTOR", "SUBJECT", "grow", "rows", "sql", "verify", "write_entries"]
