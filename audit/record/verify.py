"""Recomputing the whole record: every entry, the tree over them, and every checkpoint."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from audit.models import Checkpoint
from audit.record import content, merkle, notes, tree
from audit.record.seal import cluster_id, streamed

PROGRESS_EVERY = 50_000
Tell = Callable[[int, int], None]

_LEAVES = f"""
    SELECT l.index, l.hash, l.entry_id, e.mac, {content.SELECTED}
    FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.at = l.at
    ORDER BY l.index
"""  # noqa: S608 - our own column names
_UNSEALED = f"""
    SELECT e.mac, pg_visible_in_snapshot(coalesce(e.xid, '3'::xid8), %s::pg_snapshot),
           {content.SELECTED}
    FROM audit_entry e
    WHERE NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)
"""  # noqa: S608 - our own column names


class DoesNotFit(Exception):
    """The record was changed; the text names the first thing that does not fit."""


@dataclass(kw_only=True)
class Verified:
    """What was recomputed."""

    entries: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    held: int = 0
    root: bytes = field(default=merkle.EMPTY_ROOT)


def public_key() -> notes.VerifierKey:
    """The key with which anybody checks our checkpoints."""
    public = content.signing_key().public_key().public_bytes_raw()
    return notes.VerifierKey(name=settings.RECORD_ORIGIN, public=public)


def verify(*, held: Iterable[str] = (), tell: Tell | None = None) -> Verified:
    """Recompute everything and compare; `held` are checkpoints kept outside the database.

    Streams, in one read-only transaction of one snapshot. Without a held checkpoint, a record cut
    back to an earlier whole state cannot be told from one that never grew. Raises DoesNotFit.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _verify(list(held), tell)


def _verify(held: list[str], tell: Tell | None) -> Verified:
    found = Verified()
    key = public_key()
    checkpoints = list(Checkpoint.objects.order_by("size"))
    heads: dict[int, list[tuple[str, notes.TreeHead]]] = {}
    for one in checkpoints:
        heads.setdefault(one.size, []).append((f"checkpoint {one.size}", _stored_head(one, key)))
    for note in held:
        try:
            head = notes.open_checkpoint(note, key)
        except notes.NoteBroken as error:
            raise DoesNotFit(f"a held checkpoint: {error}") from error
        if head.size and head.size not in heads:
            raise DoesNotFit(f"the held checkpoint of size {head.size}: no longer stored")
        heads.setdefault(head.size, []).append((f"the held checkpoint of size {head.size}", head))
        found.held += 1
    found.checkpoints = len(checkpoints)
    total = checkpoints[-1].size if checkpoints else 0
    frontier = merkle.Frontier()
    stored = _stored_subtrees()
    with streamed(_LEAVES) as chunks:
        for row in (row for rows in chunks for row in rows):
            _check_leaf(row, frontier)
            for level, index, hash_ in frontier.append(bytes(row[1])):
                if level % tree.TILE_LEVELS == 0:
                    _check_subtree(stored, level // tree.TILE_LEVELS, index, hash_)
            for name, head in heads.pop(frontier.size, ()):
                if head.root != frontier.root():
                    raise DoesNotFit(
                        f"{name}: its root is not that of the first {frontier.size} entries"
                    )
            if tell is not None and frontier.size % PROGRESS_EVERY == 0:
                tell(frontier.size, total)
    found.entries, found.root = frontier.size, frontier.root()
    for name, head in heads.pop(0, ()):
        if head.root != merkle.EMPTY_ROOT:
            raise DoesNotFit(f"{name}: its root is not that of an empty record")
    if heads:
        name, _head = heads[min(heads)][0]
        raise DoesNotFit(f"{name}: the record ends after {frontier.size} entries")
    if frontier.size != total:
        raise DoesNotFit(f"entry {total}: sealed, but no checkpoint covers it")
    if next(stored, None) is not None:
        raise DoesNotFit("a stored subtree lies outside the tree")
    found.unsealed = _check_unsealed(checkpoints[-1] if checkpoints else None)
    return found


def _stored_head(row: Checkpoint, key: notes.VerifierKey) -> notes.TreeHead:
    try:
        head = notes.open_checkpoint(row.note, key)
    except notes.NoteBroken as error:
        raise DoesNotFit(f"checkpoint {row.size}: {error}") from error
    if (head.size, head.root) != (row.size, bytes(row.root)):
        raise DoesNotFit(f"checkpoint {row.size}: its row differs from what was signed")
    return head


def _check_leaf(row: tuple[Any, ...], frontier: merkle.Frontier) -> None:
    index, hash_, entry_id, mac, *columns = row
    name = f"entry {frontier.size} ({entry_id})"
    if index != frontier.size:
        raise DoesNotFit(f"entry {frontier.size}: its leaf is missing")
    if columns[0] is None:
        raise DoesNotFit(f"{name}: deleted, or its time was changed")
    text = content.canonical(content.with_details(columns))
    if merkle.leaf_hash(text) != bytes(hash_):
        raise DoesNotFit(f"{name}: changed since it was sealed")
    if content.authentication_code(text) != bytes(mac or b""):
        raise DoesNotFit(f"{name}: not written by this platform")


def _stored_subtrees() -> Iterator[tuple[int, int, bytes]]:
    """Stored subtrees in the order in which a growing tree completes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT height, index, hash FROM audit_subtree"
            " ORDER BY (index + 1)::numeric * power(256::numeric, height), height"
        )
        rows = cursor.fetchall()
    for height, index, hash_ in rows:
        yield height, index, bytes(hash_)


def _check_subtree(
    stored: Iterator[tuple[int, int, bytes]], height: int, index: int, hash_: bytes
) -> None:
    if next(stored, None) != (height, index, hash_):
        raise DoesNotFit(f"stored subtree {height}/{index}: differs from the entries below it")


def _check_unsealed(last: Checkpoint | None) -> int:
    """Entries that wait for sealing are ours, and none should have been sealed already."""
    snapshot = last.snapshot if last and last.cluster == cluster_id() else "1:1:"
    count = 0
    with streamed(_UNSEALED, [snapshot]) as chunks:
        for mac, is_late, *columns in (row for rows in chunks for row in rows):
            text = content.canonical(content.with_details(columns))
            name = f"entry {columns[0]}, not yet sealed"
            if content.authentication_code(text) != bytes(mac or b""):
                raise DoesNotFit(f"{name}: not written by this platform")
            if is_late:
                raise DoesNotFit(f"{name}: put in behind what was sealed")
            count += 1
    return count
