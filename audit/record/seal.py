"""Sealing entries into the tree, in the order in which their transactions became visible.

Each entry stores the id of its transaction. A run takes PostgreSQL's snapshot and seals the entries
that are visible in it and were not in the snapshot of the run before: an entry that a long
transaction commits late is sealed by the first run after its commit, exactly once, and delays no
other. The entries of one connection keep their order (chain.py).
"""

import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from audit.models import Checkpoint, Sealer
from audit.record import content, merkle, notes, tree
from audit.record.outside import keep_outside, kept_outside

__all__ = ["cluster_id", "keep_outside", "kept_outside", "seal_entries", "streamed"]
logger = logging.getLogger(__name__)
# How long an entry may wait, which takes some ten seconds where nothing is in the way.
WAITS_AT_MOST = timedelta(seconds=60)
# Locking a row takes a right on its table that the sealer's role alone has. An advisory lock would
# be anybody's: PostgreSQL lets every role take every number.
LOCK = "SELECT id FROM audit_sealer WHERE id = 1 FOR UPDATE SKIP LOCKED"
PATIENCE = "SET LOCAL lock_timeout = '5s'"
CHUNK = 5000

# The first run, and the first in another cluster, whose transaction ids mean nothing there.
_ALL = f"""
    SELECT {content.SELECTED} FROM audit_entry e
    WHERE pg_visible_in_snapshot(coalesce(e.xid, '3'::xid8), %(now)s::pg_snapshot)
      AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)
    ORDER BY e.xid NULLS FIRST, e.link NULLS FIRST, e.at, e.id
"""  # noqa: S608 - our own column names
_NEW = f"""
    SELECT {content.SELECTED} FROM audit_entry e
    WHERE e.xid >= pg_snapshot_xmin(%(before)s::pg_snapshot)
      AND e.xid < pg_snapshot_xmax(%(now)s::pg_snapshot)
      AND pg_visible_in_snapshot(e.xid, %(now)s::pg_snapshot)
      AND NOT pg_visible_in_snapshot(e.xid, %(before)s::pg_snapshot)
    ORDER BY e.xid, e.link NULLS FIRST, e.id
"""  # noqa: S608 - our own column names


def cluster_id() -> int:
    """The identifier of the PostgreSQL cluster; a restore into another one changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def seal_entries(*, now: datetime) -> Checkpoint | None:
    """Seal the entries that have become visible since the last run, and sign a checkpoint.

    One transaction, which also stores that it ran. Returns None if there was nothing to seal, and
    if it was locked out: if nothing was sealed for a minute, that is logged as an error. The
    checkpoint is also appended to settings.RECORD_CHECKPOINT_FILE after the commit.
    """
    try:
        try:
            return _seal(now=now)
        except IntegrityError:
            logger.error("entries share an id, which none of ours do; sealing one of each")
            return _seal(now=now, is_doubted=True)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        logger.error("sealing is held up: somebody has locked the tables of the record")
        return None


@transaction.atomic
def _seal(*, now: datetime, is_doubted: bool = False) -> Checkpoint | None:
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(LOCK)
        if cursor.fetchone() is None:
            _say_kept_out(now=now)
            return None
        cursor.execute("SELECT pg_current_snapshot()::text")
        snapshot = (cursor.fetchone() or [""])[0]
    cluster = cluster_id()
    last = Checkpoint.objects.order_by("-size").first()
    frontier = _frontier(last)
    _append_new(frontier, last, snapshot=snapshot, cluster=cluster, is_doubted=is_doubted)
    Sealer.objects.filter(pk=1).update(run_at=now)
    if frontier.size == (last.size if last else 0):
        return None
    return _sign(frontier, snapshot=snapshot, cluster=cluster, now=now)


def _say_kept_out(*, now: datetime) -> None:
    """Log an error if no run has finished for a minute; two sealers that meet are no problem."""
    run_at = Sealer.objects.filter(pk=1).values_list("run_at", flat=True).first()
    if run_at is None or run_at + WAITS_AT_MOST < now:
        logger.error("sealing is held up: another session holds the sealer's row")


def _frontier(last: Checkpoint | None) -> merkle.Frontier:
    size = last.size if last else 0
    return merkle.Frontier(size, tree.StoredTree(size).node)


def _append_new(
    frontier: merkle.Frontier,
    last: Checkpoint | None,
    *,
    snapshot: str,
    cluster: int,
    is_doubted: bool,
) -> None:
    statement, parameters = _ALL, {"now": snapshot}
    if last is not None and not is_genuine(last):
        logger.error("the newest checkpoint's row was changed; sealing whatever has no leaf")
    elif last is not None and last.cluster == cluster:
        statement, parameters = _NEW, {"now": snapshot, "before": last.snapshot}
    seen: set[Any] = set()
    with streamed(statement, parameters) as chunks:
        for rows in chunks:
            _append(frontier, _once(rows, seen) if is_doubted else rows)


def _once(rows: list[tuple[Any, ...]], seen: set[Any]) -> list[tuple[Any, ...]]:
    """Of rows that share an id with a sealed entry, or with each other, at most the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM audit_leaf WHERE entry_id = ANY(%s)", [[row[0] for row in rows]]
        )
        seen.update(entry_id for (entry_id,) in cursor.fetchall())
    kept = []
    for row in rows:
        if row[0] not in seen:
            seen.add(row[0])
            kept.append(row)
    return kept


def _sign(frontier: merkle.Frontier, *, snapshot: str, cluster: int, now: datetime) -> Checkpoint:
    head = notes.TreeHead(origin=settings.RECORD_ORIGIN, size=frontier.size, root=frontier.root())
    checkpoint = Checkpoint(
        size=head.size,
        root=head.root,
        note=notes.sign(head, name=head.origin, key=content.signing_key()),
        snapshot=snapshot,
        cluster=cluster,
        created_at=now,
    )
    checkpoint.mac = code_of(checkpoint)
    checkpoint.save(force_insert=True)
    transaction.on_commit(lambda: keep_outside(checkpoint.note), robust=True)
    return checkpoint


def code_of(row: Checkpoint) -> bytes:
    """The code over a checkpoint's row: its note signs neither snapshot nor cluster."""
    return content.row_code(
        "checkpoint", row.size, bytes(row.root), row.snapshot, row.cluster, row.created_at
    )


def is_genuine(row: Checkpoint) -> bool:
    """Whether this platform wrote the row as it is."""
    return hmac.compare_digest(code_of(row), bytes(row.mac or b""))


@contextmanager
def streamed(statement: str, parameters: Any = None) -> Iterator[Iterator[list[tuple[Any, ...]]]]:
    """Run a SELECT through a server-side cursor, and give its rows in chunks."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)

        def chunks() -> Iterator[list[tuple[Any, ...]]]:
            while rows := cursor.fetchmany(CHUNK):
                yield rows

        yield chunks()


def _append(frontier: merkle.Frontier, rows: list[tuple[Any, ...]]) -> None:
    leaves: list[tuple[Any, ...]] = []
    subtrees: list[tuple[int, int, bytes]] = []
    for row in rows:
        leaf = merkle.leaf_hash(content.canonical(content.with_details(row)))
        leaves.append((frontier.size, row[0], row[1], leaf))
        for level, index, found in frontier.append(leaf):
            if level % tree.TILE_LEVELS == 0:
                subtrees.append((level // tree.TILE_LEVELS, index, found))
    with connection.cursor() as cursor:
        for table, columns, values in (
            ("audit_leaf", "index, entry_id, at, hash", leaves),
            ("audit_subtree", "height, index, hash", subtrees),
        ):
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
            ):
                for value in values:
                    copy.write_row(value)
