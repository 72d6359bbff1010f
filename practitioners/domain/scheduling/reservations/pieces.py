"""Units of resources: which are in use when, and reserving one for a visit.

A visit reason names the resources (rooms, devices) of which it needs one unit each. A reservation
for it claims a unit of each for the same period, buffers included; an exclusion constraint over
resource, unit and period prevents double use, as it does for agendas. The patients of one session
slot share their units.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from audit.advisory_lock import wait_for
from audit.ids import new_id
from practitioners.models import Resource, VisitReason

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Use:
    """A period in which a unit is in use, and the appointment or session slot that uses it."""

    period: Period
    shared_by: uuid.UUID


Row = tuple[datetime, datetime, datetime | None, uuid.UUID, uuid.UUID]
# For each resource its pieces, none where it is out of service, and for each piece its uses.
Pieces = Mapping[uuid.UUID, Sequence[list[Use]]]

_USES = """
    SELECT r.id, CASE WHEN r.active THEN r.pieces ELSE 0 END,
           u.piece, lower(u.period), upper(u.period), u.shared_by
    FROM practitioners_resource r
    LEFT JOIN practitioners_resourceuse u
      ON u.resource_id = r.id AND u.period && tstzrange(%(since)s, %(until)s)
     AND (u.hold_until IS NULL OR u.hold_until > %(now)s)
     AND u.taken_id IS DISTINCT FROM %(ignoring)s
     AND (%(holder)s = '' OR NOT EXISTS (
         SELECT FROM practitioners_taken t WHERE t.id = u.taken_id AND t.hold_key = %(holder)s))
    WHERE r.id = ANY(%(ids)s)
"""
_CLAIM = """
    INSERT INTO practitioners_resourceuse
        (id, resource_id, piece, period, hold_until, taken_id, shared_by)
    VALUES (%s, %s, %s, tstzrange(%s, %s), %s, %s, %s)
    ON CONFLICT DO NOTHING
"""
_DROP_EXPIRED = """
    DELETE FROM practitioners_taken WHERE hold_until <= %s AND id IN (
        SELECT taken_id FROM practitioners_resourceuse
        WHERE resource_id = %s AND period && tstzrange(%s, %s)
    )
"""


def load_pieces(
    *,
    resource_ids: Iterable[uuid.UUID],
    since: datetime,
    until: datetime,
    now: datetime,
    ignoring: uuid.UUID | None = None,
    holder: str = "",
) -> Pieces:
    """Return the uses of resources that matter in [since, until); one out of service has no unit.

    No query if there are no resources. Expired holds count as free, and so do the reservation
    `ignoring` and the holds of the key `holder`.
    """
    ids = list(resource_ids)
    if not ids:
        return {}
    given: dict[str, Any] = {
        "ids": ids,
        "since": since,
        "until": until,
        "now": now,
        "ignoring": ignoring,
        "holder": holder,
    }
    with connection.cursor() as cursor:
        cursor.execute(_USES, given)
        rows = cursor.fetchall()
    found: dict[uuid.UUID, list[list[Use]]] = {}
    for resource_id, count, piece, begins, ends, shared_by in rows:
        pieces = found.setdefault(resource_id, [[] for _n in range(count)])
        # A practice that has fewer now than when it was claimed has that one no more.
        if piece is not None and piece <= count:
            pieces[piece - 1].append(Use((begins, ends), shared_by))
    return found


def are_free(
    pieces: Pieces,
    needs: Iterable[uuid.UUID],
    period: Period,
    shared_by: uuid.UUID | None = None,
) -> bool:
    """Whether a unit of each needed resource is free, or in use by the same session slot.

    A resource out of service has no unit.
    """
    return all(
        any(
            all(
                use.shared_by == shared_by
                or use.period[1] <= period[0]
                or period[1] <= use.period[0]
                for use in uses
            )
            for uses in pieces[need]
        )
        for need in needs
        if need in pieces
    )


def out_of_service(reasons: Iterable[VisitReason]) -> dict[uuid.UUID, list[str]]:
    """The names of needed resources that are out of service, by visit reason; one query."""
    rows = list(reasons)
    ids = {need for reason in rows for need in reason.needs}
    if not ids:
        return {}
    found = Resource.objects.filter(pk__in=ids, active=False).order_by("name", "pk")
    names = dict(found.values_list("pk", "name"))
    return {
        row.pk: missing
        for row in rows
        if (missing := [name for pk, name in names.items() if pk in row.needs])
    }


def in_service(pieces: Pieces) -> Pieces:
    """Leave out the resources that have no unit because they are out of service."""
    return {resource_id: uses for resource_id, uses in pieces.items() if uses}


def of_session(agenda_id: uuid.UUID, starts_at: datetime) -> uuid.UUID:
    """The key under which the bookings of one session slot share units."""
    return uuid.uuid5(agenda_id, starts_at.isoformat())


def lock_resources(practice_id: uuid.UUID) -> None:
    """Queue for a practice's resources, so that two transactions never wait for each other.

    Call it before any reservation, also in a transaction that makes several reservations of which
    some may need resources. The lock ends with the transaction.
    """
    wait_for(f"resources|{practice_id}")


def claim(
    *,
    needs: Sequence[uuid.UUID],
    taken_id: uuid.UUID,
    period: Period,
    shared_by: uuid.UUID,
    now: datetime,
    hold_until: datetime | None,
    goes_without: bool = False,
) -> uuid.UUID | None:
    """Claim a unit of each needed resource for a reservation that was just made.

    Bookings that share a unit get the same one. Returns the first resource without a free unit, or
    None if all are claimed; with `goes_without`, resources out of service are skipped. Must run in
    the transaction that made the reservation.
    """
    pieces = load_pieces(resource_ids=needs, since=period[0], until=period[1], now=now)
    for resource_id in sorted(in_service(pieces) if goes_without else pieces):
        numbers = sorted(
            range(1, len(pieces[resource_id]) + 1),
            key=lambda n, r=resource_id: (  # type: ignore[misc]
                not any(use.shared_by == shared_by for use in pieces[r][n - 1]),
                n,
            ),
        )
        row: Row = (*period, hold_until, taken_id, shared_by)
        if _claim_one(resource_id, numbers, row):
            continue
        with connection.cursor() as cursor:
            cursor.execute(_DROP_EXPIRED, (now, resource_id, *period))
            if not cursor.rowcount or not _claim_one(resource_id, numbers, row):
                return resource_id
    return None


def _claim_one(resource_id: uuid.UUID, numbers: Iterable[int], row: Row) -> bool:
    with connection.cursor() as cursor:
        for piece in numbers:
            cursor.execute(_CLAIM, (new_id(), resource_id, piece, *row))
            if cursor.rowcount:
                return True
    return False
