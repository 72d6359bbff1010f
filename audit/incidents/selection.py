"""Which of a holder's openings were not its own: by network, key and token, from the record.

Every opening by software and on the dashboard is recorded with the network, the key and the
token that it came through, and with what the watch made of it. Networks and keys that are not the
holder's own, and whose openings mostly weighed something, are a thief's, from their first opening
on. Where the thief works from the holder's own network with its own key, tokens tell: one token
serves one client for minutes, so one most of whose openings weighed something is suspect as a
whole; so is a person's session. A session in which somebody mostly did their work is suspect in
what weighed something alone.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from audit.record.actions import readings
from audit.record.entries import Origin
from audit.watch.holders import Kind

# How far back a thief is looked for: a drip may have gone on for weeks.
LOOK_BACK = timedelta(days=92)
# A working day in one session; software's tokens last for minutes.
TOKEN_LASTS = timedelta(hours=12)
SUSPECT_SHARE = 0.5
# A third of a session that no work explains: the rest of it is hardly work either. A fifth, where
# most of the session weighed something: work weighs something now and then.
SUSPECT_SHARE_OF_SESSION, SUSPECT_SHARE_WHERE_MOST_WEIGHED = 1 / 3, 1 / 5

# Whose entry it is, by kind of holder; each has an index with `at`.
OPENED_BY = {
    Kind.CREDENTIAL: "credential_id = %(holder)s",
    Kind.ACCOUNT: "actor_id = %(holder)s AND channel = 'dashboard'",
    Kind.STAFF: "actor_id = %(holder)s AND channel = 'admin'",
}
# Which of them may be a thief's. A page of the dashboard shows many people: what is a habit of
# the holder's weighs a little in many of them.
IS_ODD = {
    Kind.CREDENTIAL: "(details->>'weight')::float > 0",
    Kind.ACCOUNT: "(details->>'odd')::int > 0",
    Kind.STAFF: "(details->>'odd')::int > 0",
}
# The bounds on `at` let PostgreSQL leave out the other months' partitions.
_BY = """
    SELECT coalesce(details->>%(column)s, ''), min(at), count(details->>'weight'),
           count(*) FILTER (WHERE {odd}),
           count(*) FILTER (WHERE (details->>'weight')::float > 0)
    FROM audit_entry
    WHERE {whose} AND action = ANY(%(readings)s) AND at >= %(since)s AND at <= %(until)s
    GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The networks, keys and tokens that are not the holder's own, and since when.

    With `odd_alone`, what weighed nothing is not part of it.
    """

    networks: list[str]
    keys: list[str]
    tokens: list[str]
    began_at: datetime
    odd_alone: bool = False


def select(
    *,
    kind: str,
    holder_id: uuid.UUID,
    own_networks: Collection[str],
    own_keys: Collection[str],
    since: datetime,
    until: datetime,
    stopped: Origin,
) -> Selection:
    """Tell a thief's openings from the holder's own, up to an instant.

    `stopped` is the origin of the request that was refused: it opened nothing and so is not on
    the record. `since` is when suspicion began to grow.
    """
    began = [since]
    found: dict[str, list[str]] = {}
    for column, own in (("network", own_networks), ("key", own_keys)):
        rows = _by(column, kind, holder_id, until - LOOK_BACK, until)
        strange = [row for row in rows if row[0] not in own and _is_odd(row)]
        names = {row[0] for row in strange} | ({getattr(stopped, column)} - set(own))
        found[column] = sorted(names - {""})
        began += [row[1] for row in strange]
    tokens: list[str] = []
    odd_alone = False
    if not found["network"] and not found["key"]:
        # A token began before its first odd opening.
        rows = _by("token", kind, holder_id, since - TOKEN_LASTS, until)
        is_suspect = _is_suspect_session if kind in Kind.PEOPLE else _is_odd
        odd = {row[0] for row in rows if is_suspect(row)}
        began += [row[1] for row in rows if row[0] in odd]
        tokens = sorted(odd | {stopped.token} - {""})
        worked = {row[0] for row in rows} - odd
        odd_alone = kind in Kind.PEOPLE and stopped.token in worked
    return Selection(
        networks=found["network"], keys=found["key"], tokens=tokens, began_at=min(began),
        odd_alone=odd_alone,
    )  # fmt: skip


def _is_odd(row: tuple[Any, ...], share: float = SUSPECT_SHARE) -> bool:
    """Whether so much of what was judged was odd; the same again was not judged."""
    _name, _first, judged, odd, _weighed = row
    return bool(odd >= share * judged)


def _is_suspect_session(row: tuple[Any, ...]) -> bool:
    """Whether a person's session was hardly work at all."""
    _name, _first, judged, _odd, weighed = row
    if _is_odd(row, SUSPECT_SHARE_OF_SESSION):
        return True
    return weighed > judged / 2 and _is_odd(row, SUSPECT_SHARE_WHERE_MOST_WEIGHED)


def _by(
    column: str, kind: str, holder_id: uuid.UUID, since: datetime, until: datetime
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _BY.format(whose=OPENED_BY[kind], odd=IS_ODD[kind]),
            {
                "column": column,
                "holder": holder_id,
                "since": since,
                "until": until,
                "readings": readings(),
            },
        )
        return list(cursor.fetchall())
