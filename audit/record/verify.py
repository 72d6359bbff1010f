"""Recomputing the whole record: every entry, the tree over them, and every checkpoint.

Also checks the cosignatures, the file outside the database, and the guards inside PostgreSQL
(guards.py).
"""

import hmac
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from audit.models import Checkpoint, Cosignature, Sealer
from audit.record import chain, content, guards, merkle, notes, tree, witness
from audit.record.seal import WAITS_AT_MOST, cluster_id, is_genuine, streamed

PROGRESS_EVERY = 50_000
# An entry may say an earlier time than that of its commit, as where a long piece of work notes when
# it began: it gets the time that one run of the sealer takes, and some.
ONE_RUN_S = 15
Tell = Callable[[int, int], None]

_LEAVES = f"""
    SELECT l.index, l.hash, l.entry_id, e.mac, {content.SELECTED}
    FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.at = l.at
    ORDER BY l.index
"""  # noqa: S608 - our own column names
# A row that is visible while its transaction is not says the id of another transaction.
_UNSEALED = f"""
    SELECT e.mac, pg_visible_in_snapshot(coalesce(e.xid, '3'::xid8), %(before)s::pg_snapshot),
           e.xid IS NOT NULL AND NOT pg_visible_in_snapshot(e.xid, pg_current_snapshot())
               AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned(),
           {content.SELECTED}
    FROM audit_entry e
    WHERE NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id AND l.at = e.at)
    ORDER BY e.xid NULLS FIRST, e.link NULLS FIRST, e.id
"""  # noqa: S608 - our own column names


class DoesNotFit(Exception):
    """The record was changed; the text names the first inconsistency."""


@dataclass(kw_only=True)
class Verified:
    """The numbers of what was recomputed."""

    entries: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    held: int = 0
    cosignatures: int = 0
    # Entries that say a time more than a minute ago and are not sealed.
    overdue: list[uuid.UUID] = field(default_factory=list)
    chains: chain.Followed = field(default_factory=chain.Followed)
    root: bytes = field(default=merkle.EMPTY_ROOT)


def public_key() -> notes.VerifierKey:
    """The key with which anyone can check our checkpoints."""
    public = content.signing_key().public_key().public_bytes_raw()
    return notes.VerifierKey(name=settings.RECORD_ORIGIN, public=public)


def verify(
    *,
    held: Iterable[str] = (),
    outside: Sequence[str] | None = None,
    tell: Tell | None = None,
    now: datetime | None = None,
) -> Verified:
    """Recompute everything and compare; `held` are checkpoints kept outside the database.

    `outside` is what the file of checkpoints says, where it is to be compared too. Streams, in one
    read-only transaction of one snapshot. Without a held checkpoint, a record cut back to an
    earlier whole state cannot be told from one that never grew. Entries that have waited for more
    than a minute at `now` do not fit: somebody keeps them from being sealed. Raises DoesNotFit.
    """
    at = now or timezone.now()
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = _verify([*held, *(outside or ())], tell, now=at)
        if outside is not None:
            _check_outside(outside, now=at)
        for problem in guards.broken():
            raise DoesNotFit(problem)
    if found.overdue:
        _wait_for_one_run(found.overdue, now=at)
    return found


def ask_witnesses() -> list[str]:
    """Ask each witness to sign the newest checkpoint; returns in words which did not answer.

    A database that was set back together with every file beside it shows here, as a witness has
    seen more. Raises DoesNotFit.
    """
    silent: list[str] = []
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return silent
    for each in witness.witnesses():
        try:
            witness.ask(each, newest)
        except witness.Contradicted as problem:
            raise DoesNotFit(str(problem)) from problem
        except witness.NotCosigned as problem:
            silent.append(str(problem))
    return silent


def _verify(held: list[str], tell: Tell | None, *, now: datetime) -> Verified:
    found = Verified()
    key = public_key()
    checkpoints = list(Checkpoint.objects.order_by("size"))
    heads: dict[int, list[tuple[str, notes.TreeHead]]] = {}
    for one in checkpoints:
        heads.setdefault(one.size, []).append((f"checkpoint {one.size}", _stored_head(one, key)))
    _check_rows(checkpoints)
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
            _check_leaf(row, frontier, found.chains)
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
    _check_unsealed(found, checkpoints[-1] if checkpoints else None, now=now)
    found.cosignatures = _check_cosignatures()
    return found


def _stored_head(row: Checkpoint, key: notes.VerifierKey) -> notes.TreeHead:
    try:
        head = notes.open_checkpoint(row.note, key)
    except notes.NoteBroken as error:
        raise DoesNotFit(f"checkpoint {row.size}: {error}") from error
    if (head.size, head.root) != (row.size, bytes(row.root)):
        raise DoesNotFit(f"checkpoint {row.size}: its row differs from what was signed")
    return head


def _check_rows(checkpoints: list[Checkpoint]) -> None:
    """Check the codes of rows, which cover the columns that no signature covers.

    Rows from before the codes were introduced have none; none follows one that has, and the newest
    has one.
    """
    is_needed = False
    for row in checkpoints:
        is_needed = is_needed or row.mac is not None or row is checkpoints[-1]
        if is_needed and not is_genuine(row):
            raise DoesNotFit(f"checkpoint {row.size}: its snapshot, cluster or time was changed")


def _check_cosignatures() -> int:
    """Check that cosignatures are unchanged, and that those of known witnesses are theirs."""
    keys = [each.key for each in witness.witnesses()]
    count = 0
    for row in Cosignature.objects.select_related("checkpoint").order_by("pk").iterator():
        name = f"the cosignature of {row.witness} under checkpoint {row.checkpoint_id}"
        is_old = row.mac is None and row.checkpoint.mac is None
        if not is_old and not hmac.compare_digest(witness.code_of(row), bytes(row.mac or b"")):
            raise DoesNotFit(f"{name}: changed")
        try:
            _text, [(signer, signature)] = notes.split(f"{row.checkpoint.note}\n\n{row.line}")
            for key in keys:
                if signer == row.witness == key.name and signature[:4] == key.key_id:
                    notes.cosigned_at(row.checkpoint.note + row.line, key)
        except (notes.NoteBroken, ValueError) as error:
            raise DoesNotFit(f"{name}: not what the witness signed") from error
        count += 1
    return count


def _check_outside(outside: Sequence[str], *, now: datetime) -> None:
    """Check that the file has the newest checkpoint, and no cosignature that is not stored."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return
    sizes = {notes.read_head(notes.split(note)[0]).size for note in outside}
    if newest.size not in sizes and newest.created_at + WAITS_AT_MOST < now:
        raise DoesNotFit(f"the file outside the database: it lacks checkpoint {newest.size}")
    stored = set(Cosignature.objects.filter(checkpoint__in=sizes).values_list("line", flat=True))
    own = public_key().name
    for note in outside:
        for line in note.rpartition("\n\n")[2].splitlines(keepends=True):
            if line.split(" ")[1] != own and line not in stored:
                size = notes.read_head(notes.split(note)[0]).size
                raise DoesNotFit(f"checkpoint {size}: a cosignature is no longer stored")


def _check_leaf(row: tuple[Any, ...], frontier: merkle.Frontier, chains: chain.Followed) -> None:
    index, hash_, entry_id, mac, *columns = row
    name = f"entry {frontier.size} ({entry_id})"
    if index != frontier.size:
        raise DoesNotFit(f"entry {frontier.size}: its leaf is missing")
    if columns[0] is None:
        raise DoesNotFit(f"{name}: deleted, or its time was changed")
    text = content.canonical(content.with_details(columns))
    if not hmac.compare_digest(merkle.leaf_hash(text), bytes(hash_)):
        raise DoesNotFit(f"{name}: changed since it was sealed")
    if not hmac.compare_digest(content.authentication_code(text), bytes(mac or b"")):
        raise DoesNotFit(f"{name}: not written by this platform")
    _follow(chains, name, columns, bytes(hash_))


def _follow(chains: chain.Followed, name: str, columns: Sequence[Any], leaf: bytes) -> None:
    try:
        chains.follow(columns[content.LINK], leaf)
    except chain.Broken as problem:
        raise DoesNotFit(f"{name}: {problem}") from problem


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


def _check_unsealed(found: Verified, last: Checkpoint | None, *, now: datetime) -> None:
    """Check that waiting entries are ours, will be sealed, and should not have been sealed
    already.
    """
    before = last.snapshot if last and last.cluster == cluster_id() else "1:1:"
    with streamed(_UNSEALED, {"before": before}) as chunks:
        for mac, is_late, is_ahead, *columns in (row for rows in chunks for row in rows):
            text = content.canonical(content.with_details(columns))
            name = f"entry {columns[0]}, not yet sealed"
            if not hmac.compare_digest(content.authentication_code(text), bytes(mac or b"")):
                raise DoesNotFit(f"{name}: not written by this platform")
            if is_late:
                raise DoesNotFit(f"{name}: put in behind what was sealed")
            if is_ahead:
                raise DoesNotFit(f"{name}: its transaction lies ahead, so that it never would be")
            _follow(found.chains, name, columns, merkle.leaf_hash(text))
            found.unsealed += 1
            if columns[1] + WAITS_AT_MOST < now:
                found.overdue.append(columns[0])


def _wait_for_one_run(overdue: list[uuid.UUID], *, now: datetime) -> None:
    """Raise DoesNotFit unless a sealer that is at work seals these entries at its next run."""
    run_at = Sealer.objects.values_list("run_at", flat=True).first()
    is_at_work = run_at is not None and run_at + WAITS_AT_MOST >= now
    waits = set(overdue)
    for _second in range(ONE_RUN_S if is_at_work else 0):
        with connection.cursor() as cursor:
            cursor.execute("SELECT entry_id FROM audit_leaf WHERE entry_id = ANY(%s)", [[*waits]])
            waits -= {row[0] for row in cursor.fetchall()}
        if not waits:
            return
        time.sleep(1)
    raise DoesNotFit(
        f"entry {min(waits)}, not yet sealed: it waits for more than"
        f" {WAITS_AT_MOST.seconds} seconds, and so do {len(waits) - 1} others"
    )
