"""Entries are sealed in the order of their commits, each exactly once."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.actions import REVEAL
from audit.models import Checkpoint, Leaf
from audit.record import content, entries, health, merkle, notes, seal, sealer, tree, verify
from tests.audit.record_fixtures import ACTOR, grow, rows, sql, write_entries

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"


@contextmanager
def long_transaction():
    """Another connection that has written an entry and commits only when told."""
    written, commit, entry = threading.Event(), threading.Event(), []

    def work():
        try:
            with transaction.atomic():
                entry.append(entries.write(REVEAL, actor=ACTOR))
                written.set()
                commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert written.wait(20)

    def end():
        commit.set()
        thread.join(20)
        return entry[0]

    try:
        yield end
    finally:
        end()


def places(ids):
    return [Leaf.objects.filter(entry_id=i).values_list("index", flat=True)[0] for i in ids]


def test_what_is_written_is_sealed_once_and_in_order():
    grow(1)
    before = tree.size()
    ids = write_entries(5)
    checkpoint = seal.seal_entries(now=timezone.now())
    assert checkpoint.size == before + 5
    assert places(ids) == list(range(before, before + 5))
    assert seal.seal_entries(now=timezone.now()) is None
    head = notes.open_checkpoint(checkpoint.note, verify.public_key())
    assert head.root == merkle.root_hash(head.size, tree.StoredTree(head.size).node)


def test_a_late_commit_is_sealed_after_it_and_holds_up_nobody():
    grow(1)
    with long_transaction() as end:
        quick = write_entries(3)
        size = seal.seal_entries(now=timezone.now()).size
        assert places(quick) == [size - 3, size - 2, size - 1]
        with long_transaction() as end_of_second:
            late = end()
            more = write_entries(2)
            assert seal.seal_entries(now=timezone.now()).size == size + 3
            assert places([late, *more]) == [size, size + 1, size + 2]
            second = end_of_second()
        assert seal.seal_entries(now=timezone.now()).size == size + 4
        assert places([second]) == [size + 3]
    assert seal.seal_entries(now=timezone.now()) is None
    assert verify.verify().unsealed == 0


def test_an_entry_that_was_undone_is_never_sealed():
    grow(1)
    size = tree.size()

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        write_entries(2)
        raise Undone
    kept = write_entries(1)
    assert seal.seal_entries(now=timezone.now()).size == size + 1
    assert places(kept) == [size]


def test_what_was_open_at_the_last_run_is_waited_for_too():
    """The oldest transaction of the run's snapshot, which nothing newer than it contains."""
    grow(1)
    with long_transaction() as end:
        write_entries(1)
        assert seal.seal_entries(now=timezone.now()) is not None
        late = end()
    now = timezone.now() + 2 * seal.WAITS_AT_MOST
    assert health.problems(now=now) == [health.Problem.HELD_UP]
    assert seal.seal_entries(now=now) is not None
    assert places([late]) == [tree.size() - 1]
    assert health.problems(now=now) == []


def test_only_one_process_seals_at_a_time(caplog):
    grow(1)
    write_entries(1)
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            sql(seal.LOCK)
            inside.set()
            leave.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(20)
    caplog.clear()
    assert seal.seal_entries(now=timezone.now()) is None
    # Two that meet are no trouble; one that has not ended for a minute is.
    assert "held up" not in caplog.text
    late = timezone.now() + seal.WAITS_AT_MOST + timedelta(seconds=1)
    assert seal.seal_entries(now=late) is None
    assert "sealing is held up" in caplog.text
    leave.set()
    thread.join()
    assert seal.seal_entries(now=timezone.now()) is not None


def test_after_a_restore_into_another_cluster_nothing_is_lost_or_sealed_twice(monkeypatch):
    grow(2)
    size = tree.size()
    ids = write_entries(2)
    monkeypatch.setattr(seal, "cluster_id", lambda: 42)
    monkeypatch.setattr(verify, "cluster_id", lambda: 42)
    assert seal.seal_entries(now=timezone.now()).size == size + 2
    assert sorted(places(ids)) == [size, size + 1]
    assert verify.verify().entries == size + 2


def test_tiles_and_proofs_hold_at_every_size():
    """More than one tile: 256 leaves make a hash of the next height."""
    grow(max(1, 300 - tree.size()), 3)
    size = tree.size()
    stored = tree.StoredTree(size)
    root = merkle.root_hash(size, stored.node)
    for index in (0, 1, 255, 256, size - 1):
        leaf = tree.hashes(height=0, first=index, count=1)[0]
        path = merkle.inclusion_path(index, size, stored.node)
        merkle.check_inclusion(leaf, index=index, size=size, path=path, root=root)
    for row in Checkpoint.objects.all():
        path = merkle.consistency_path(row.size, size, stored.node)
        merkle.check_consistency(
            old=row.size, new=size, old_root=bytes(row.root), new_root=root, path=path
        )
    assert len(tree.tile(height=0, number=0, tree_size=size)) == 256
    assert len(tree.tile(height=1, number=0, tree_size=size)) == size // 256
    for wrong in ({"number": size}, {"number": -1}, {"width": 0}, {"width": 257}, {"height": 5}):
        with pytest.raises(tree.NotInTree):
            tree.tile(**{"height": 0, "number": 0, "tree_size": size, **wrong})


@pytest.mark.parametrize("table", ["audit_leaf", "audit_subtree", "audit_checkpoint"])
@pytest.mark.parametrize(
    "change", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {} = {}"]
)
def test_the_tree_is_append_only_too(table, change):
    grow(max(1, 256 - tree.size()))
    column = "size" if table == "audit_checkpoint" else "index"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(change.format(table, column, column))


def test_the_command(capsys, settings):
    write_entries(1)
    assert seal.seal_entries(now=timezone.now())
    call_command("record", "seal")
    assert "nothing new" in capsys.readouterr().out
    call_command("record", "verify")
    out = capsys.readouterr().out
    assert f"{tree.size()} entries" in out and "1 held ones fit" in out
    call_command("record", "key")
    assert capsys.readouterr().out.strip() == str(verify.public_key())
    assert notes.VerifierKey.parse(str(verify.public_key())).name == settings.RECORD_ORIGIN


def test_the_command_says_what_does_not_fit(tmp_path):
    grow(1)
    settings_size = tree.size()
    head = notes.TreeHead(origin=verify.public_key().name, size=settings_size, root=b"x" * 32)
    other = tmp_path / "held.txt"
    from audit.record import content

    other.write_text(notes.sign(head, name=head.origin, key=content.signing_key()))
    with pytest.raises(CommandError, match="DOES NOT FIT: the held checkpoint"):
        call_command("record", "verify", held=[str(other)])
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("record", "verify", held=[str(tmp_path / "nowhere")])


def test_the_file_outside_keeps_every_checkpoint():
    notes_ = grow(1, 2, 3)
    assert seal.kept_outside() == notes_
    assert rows("SELECT count(*) FROM audit_checkpoint")[0][0] >= 3


def test_what_was_verified_is_counted():
    held = grow(2, 1, 3)
    write_entries(2)
    found = verify.verify(held=held)
    assert (found.held, found.unsealed) == (3, 2)
    assert found.entries == tree.size()
    assert found.checkpoints == Checkpoint.objects.count() >= 3
    assert verify.verify().held == 0
    # As a witness or a reader has it who was there before the first entry.
    name = verify.public_key().name
    empty = notes.TreeHead(origin=name, size=0, root=merkle.Frontier().root())
    first = notes.sign(empty, name=name, key=content.signing_key())
    assert verify.verify(held=[first]).held == 1
    seal.seal_entries(now=timezone.now())


def test_a_connection_that_the_database_has_ended_is_opened_again(monkeypatch):
    """In the middle of a turn, outside of any transaction; the next turn seals."""
    grow(1)
    written = write_entries(1)
    stop, turns, turn = threading.Event(), [], sealer.seal_once

    def turning(**values):
        turns.append(values)
        if len(turns) > 5:
            stop.set()
        if len(turns) == 1:
            sql("SELECT pg_terminate_backend(pg_backend_pid())")
        turn(**values)
        stop.set()

    monkeypatch.setattr(sealer, "seal_once", turning)
    sealer.run(stop=stop, every_s=0.001)
    assert len(turns) == 2
    assert places(written) == [tree.size() - 1]
