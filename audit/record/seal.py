"""Sealing entries into the tree, in the order in which their transactions became visible.

Each entry notes the id of its transaction. A run takes PostgreSQL's snapshot and seals what is
visible in it and was not in the snapshot of the run before: an entry that a long transaction
commits late is sealed by the first run after its commit, exactly once, and holds up nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from audit.models import Checkpoint
from audit.record import content, merkle, notes, tree

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('doctolib: seal the record', 0))"
CHUNK = 5000

# The first run, and the first in another cluster, whose transaction ids mean nothing there.
_ALL = f"""
    SELECT {content.SELECTED} FROM audit_entry e
    WHERE pg_visible_in_snapshot(coalesce(e.xid, '3'::xid8), %(now)s::pg_snapshot)
      AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)
    ORDER BY e.at, e.id
"""  # noqa: S608 - our own column names
_NEW = f"""
    SELECT {content.SELECTED} FROM audit_entry e
    WHERE e.xid >= pg_snapshot_xmin(%(before)s::pg_snapshot)
      AND e.xid < pg_snapshot_xmax(%(now)s::pg_snapshot)
      AND pg_visible_in_snapshot(e.xid, %(now)s::pg_snapshot)
      AND NOT pg_visible_in_snapshot(e.xid, %(before)s::pg_snapshot)
    ORDER BY e.xid, e.id
"""  # noqa: S608 - our own column names


def cluster_id() -> int:
    """The identifier of the PostgreSQL cluster; a restore into another one changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


@transaction.atomic
def seal_entries(*, now: datetime) -> Checkpoint | None:
    """Seal what has become visible since the last run, and sign a checkpoint of the result.

    One transaction; returns None when there was nothing to seal, or when another process is at
    it. The checkpoint is also appended to settings.RECORD_CHECKPOINT_FILE after the commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not (cursor.fetchone() or [False])[0]:
            return None
        cursor.execute("SELECT pg_current_snapshot()::text")
        snapshot = (cursor.fetchone() or [""])[0]
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    cluster = cluster_id()
    frontier = merkle.Frontier(size, tree.StoredTree(size).node)
    statement, parameters = _ALL, {"now": snapshot}
    if last is not None and last.cluster == cluster:
        statement, parameters = _NEW, {"now": snapshot, "before": last.snapshot}
    with streamed(statement, parameters) as chunks:
        for rows in chunks:
            _append(frontier, rows)
    if frontier.size == size:
        return None
    head = notes.TreeHead(origin=settings.RECORD_ORIGIN, size=frontier.size, root=frontier.root())
    checkpoint = Checkpoint(
        size=head.size,
        root=head.root,
        note=notes.sign(head, name=head.origin, key=content.signing_key()),
        snapshot=snapshot,
        cluster=cluster,
        created_at=now,
    )
    checkpoint.save(force_insert=True)
    transaction.on_commit(lambda: keep_outside(checkpoint.note), robust=True)
    return checkpoint


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
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for value in values:
                    copy.write_row(value)


def keep_outside(note: str) -> None:
    """Append a checkpoint to the file outside the database, for whoever compares later."""
    path = Path(settings.RECORD_CHECKPOINT_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{note}\n")


def kept_outside() -> list[str]:
    """The checkpoints in the file outside the database, oldest first."""
    path = Path(settings.RECORD_CHECKPOINT_FILE)
    if not path.exists():
        return []
    # Each note ends with signature lines and the blank line that `keep_outside` adds.
    found: list[str] = []
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line and current and current[-1].startswith(notes.DASH):
            found.append("\n".join(current) + "\n")
            current = []
        else:
            current.append(line)
    return found
