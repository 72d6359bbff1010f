"""The changes in some agendas since a cursor.

Each appointment has the number of the transaction that changed it last. These numbers rise, but
transactions commit in another order: one with a lower number may become visible later. A walk
therefore returns everything that is visible, and the next walk begins at the lowest number that may
still have been running when this one began: no change is missed, and some appear twice.
"""

import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db import connection

START = uuid.UUID(int=0)
# After everything that a transaction has changed.
_HIGHEST = uuid.UUID(int=2**128 - 1)
# Numbers of transactions fit a signed bigint.
_WRITTEN = re.compile(r"([0-9a-f]{1,15})\.([0-9a-f]{1,15})\.([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cursor: the last change seen, and where the next walk begins."""

    changed_in: int = 0
    id: uuid.UUID = START
    # 0 between two walks.
    floor: int = 0

    def __str__(self) -> str:
        return f"{self.floor:x}.{self.changed_in:x}.{self.id.hex}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what `str` wrote; None for anything else."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return None
        floor, changed_in, pk = (int(part, 16) for part in found.groups())
        return cls(floor=floor, changed_in=changed_in, id=uuid.UUID(int=pk))


@dataclass(frozen=True, kw_only=True)
class Change:
    """An appointment as it is, or the news that it left the agenda (`gone`)."""

    appointment_id: uuid.UUID
    agenda_id: uuid.UUID
    changed_in: int
    gone: bool
    visit_reason_id: uuid.UUID | None
    patient_id: uuid.UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    status: str
    new_patient: bool
    created_at: datetime | None


# Runs a statement that calls the agendas `{agendas}`, with its other parameters.
Ask = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some changes, in order; `more` if this walk may have more."""

    changes: list[Change]
    next: Place
    more: bool


# In the order of changes (booking/migrations/0028).
_CHANGES = "booking_changes({agendas}, %(changed_in)s, %(id)s, %(limit)s)"
_FLOOR = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"
_AS_ROWS = f"""
    SELECT {_FLOOR}, found.* FROM (SELECT) AS one LEFT JOIN {_CHANGES} AS found ON true
    ORDER BY changed_in, id
"""  # noqa: S608 - constants
# PostgreSQL writes the JSON: made of Python's ids and instants, a page of 100 rows costs more than
# everything else that its request does (bench/partners.py).
_AS_JSON = f"""
    SELECT {_FLOOR}, count(*), json_agg(row_to_json(shown))::text, max(changed_in),
           (array_agg(found.id))[count(*)]
    FROM (SELECT * FROM {_CHANGES} ORDER BY changed_in, id) AS found, LATERAL (
        SELECT found.id, agenda_id AS agenda, gone, visit_reason_id AS visit_reason,
               patient_id AS patient, starts_at, ends_at, status, new_patient,
               cancelled_late
    ) AS shown
"""  # noqa: S608 - constants


def place_now() -> Place:
    """The cursor of a reader who does not want past changes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FLOOR}")
        return Place(changed_in=cursor.fetchone()[0], id=_HIGHEST)


def changes_since(*, agenda_ids: Collection[uuid.UUID], place: Place, limit: int) -> Page:
    """Return at most `limit` changes of these agendas after a cursor, oldest first."""
    found = asking(agenda_ids)(_AS_ROWS, _parameters(place, limit))
    changes = [_change(row[1:]) for row in found if row[1] is not None]
    more = len(changes) == limit
    last = (changes[-1].changed_in, changes[-1].appointment_id) if changes else None
    return Page(changes=changes, next=_after(place, last, floor=found[0][0], more=more), more=more)


def changes_as_json(*, ask: Ask, place: Place, limit: int) -> tuple[str, Place, bool]:
    """The same as a JSON array; with the next cursor, and whether this walk has more.

    `ask` selects the agendas: `asking`, or a function that limits the reader to its grants.
    """
    [(floor, count, text, changed_in, pk)] = ask(_AS_JSON, _parameters(place, limit))
    more = count == limit
    last = None if changed_in is None else (changed_in, pk)
    after = _after(place, last, floor=floor, more=more)
    # The session's time zone is UTC; everywhere else the API writes it so.
    return (text or "[]").replace('+00:00"', 'Z"'), after, more


def asking(agenda_ids: Collection[uuid.UUID]) -> Ask:
    """Select these agendas."""

    def ask(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            asked = statement.format(agendas="%(agendas)s")
            cursor.execute(asked, {**parameters, "agendas": list(agenda_ids)})
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    return ask


def _parameters(place: Place, limit: int) -> dict[str, Any]:
    return {"changed_in": place.changed_in, "id": place.id, "limit": limit}


def _after(place: Place, last: tuple[int, uuid.UUID] | None, *, floor: int, more: bool) -> Place:
    """The cursor after a page: further on in this walk, or where the next one begins."""
    floor = place.floor or floor
    changed_in, pk = last or (place.changed_in, place.id)
    if more:
        return Place(changed_in=changed_in, id=pk, floor=floor)
    if changed_in > floor:
        return Place(changed_in=floor, id=_HIGHEST)
    return Place(changed_in=changed_in, id=pk)


def _change(row: tuple[Any, ...]) -> Change:
    return Change(
        appointment_id=row[0], agenda_id=row[1], changed_in=row[2], gone=row[3],
        visit_reason_id=row[4], patient_id=row[5], starts_at=row[6], ends_at=row[7],
        status=row[8] or "", new_patient=row[9], created_at=row[10],
    )  # fmt: skip
