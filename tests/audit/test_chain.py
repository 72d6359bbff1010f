"""An entry that is taken out before it is sealed leaves a gap in its writer's chain."""

import subprocess
import sys
import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from audit.record import chain, entries, seal, verify
from booking.actions import LOOKED_UP
from tests.audit.record_fixtures import ACTOR, grow, rows, sql, write_entries
from tests.support.public_record import VERIFIER
from tests.support.tampering import is_found

pytestmark = pytest.mark.django_db(transaction=True)
MISSING = "wrote before it is missing"


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    grow(1)


class Undone(Exception):
    pass


def delete(*entry_ids):
    return lambda: sql("DELETE FROM audit_entry WHERE id = ANY(%s)", [list(entry_ids)])


def link_of(entry_id):
    return bytes(rows("SELECT link FROM audit_entry WHERE id = %s", [entry_id])[0][0])


def fits():
    """Verified as it stands, and once more when all is sealed."""
    verify.verify()
    seal.seal_entries(now=timezone.now())
    assert verify.verify().unsealed == 0


@pytest.mark.parametrize("which", [[0], [1], [3], [0, 1], [1, 2, 3], [0, 1, 2, 3]])
def test_an_entry_deleted_before_it_was_sealed_is_found_by_the_next(which):
    ids = write_entries(5)
    assert MISSING in is_found(delete(*[ids[n] for n in which]), [])
    fits()


def test_it_is_found_after_the_rest_was_sealed():
    ids = write_entries(3)
    sql("SET session_replication_role = replica")
    try:
        with pytest.raises(Undone), transaction.atomic():
            delete(ids[1])()
            seal.seal_entries(now=timezone.now())
            with pytest.raises(verify.DoesNotFit, match=MISSING):
                verify.verify()
            raise Undone
    finally:
        sql("RESET session_replication_role")
    fits()


def test_it_is_found_by_an_entry_that_comes_later():
    """Sealed up to there, nothing waits; what was taken out shows with the writer's next entry."""
    (gone,) = write_entries(1)
    with pytest.raises(Undone), transaction.atomic():
        sql("SET LOCAL session_replication_role = replica")
        delete(gone)()
        sql("SET LOCAL session_replication_role = origin")
        verify.verify()
        write_entries(1)
        with pytest.raises(verify.DoesNotFit, match=MISSING):
            verify.verify()
        raise Undone
    fits()


def test_a_link_that_was_changed_is_none_of_ours():
    ids = write_entries(2)
    for change in ("NULL", "link || '\\x00'", "set_byte(link, 15, 9)", "''"):
        found = is_found(
            lambda c=change: sql(f"UPDATE audit_entry SET link = {c} WHERE id = %s", [ids[0]]), []
        )
        assert "not written by this platform" in found
    fits()


def test_what_was_rolled_back_was_never_in_the_chain():
    before = chain.current().link()
    with pytest.raises(Undone), transaction.atomic():
        write_entries(2)
        with pytest.raises(Undone), transaction.atomic():
            write_entries(2)
            raise Undone
        write_entries(1)
        with transaction.atomic():
            write_entries(1)
        raise Undone
    assert chain.current().link() == before
    write_entries(1)
    fits()


def test_a_part_that_was_rolled_back_leaves_no_gap():
    with transaction.atomic():
        write_entries(1)
        for _ in range(3):
            with pytest.raises(Undone), transaction.atomic():
                write_entries(2)
                with transaction.atomic(savepoint=False):
                    write_entries(1)
                raise Undone
            with transaction.atomic():
                write_entries(1)
    fits()


def test_what_outlives_a_rollback_follows_in_the_chain():
    def read():
        entries.write(LOOKED_UP, actor=ACTOR, outlives_rollback=True)

    with transaction.atomic():
        with pytest.raises(Undone), transaction.atomic():
            read()
            write_entries(2)
            read()
            raise Undone
        read()
        fits()
    with pytest.raises(Undone), transaction.atomic():
        write_entries(1)
        read()
        with transaction.atomic():
            read()
        write_entries(1)
        raise Undone
    fits()


def test_an_insert_that_fails_is_no_place_in_the_chain():
    before = chain.current().link()
    with pytest.raises(Exception, match="too long"):
        entries.write(LOOKED_UP, actor=ACTOR, purpose="x" * 41)
    assert chain.current().link() == before
    write_entries(1)
    fits()


def test_each_connection_has_a_chain_of_its_own():
    (mine,) = write_entries(1)
    other: list = []

    def write():
        other.extend(write_entries(2))
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    connection.close()
    (new,) = write_entries(1)
    first, second = (link_of(entry_id) for entry_id in other)
    assert len({link_of(mine)[:8], first[:8], link_of(new)[:8]}) == 3
    assert first[:8] == second[:8]
    assert (first[8:16], second[8:16]) == (bytes(8), bytes(7) + b"\x01")
    fits()


def test_many_writers_at_once_with_failures_and_a_sealer_beside_them():
    """No gap where nobody took anything out, in whatever order they commit."""
    stop = threading.Event()
    problems: list = []

    def work(number):
        try:
            for n in range(40):
                try:
                    with transaction.atomic():
                        write_entries(1)
                        if (n + number) % 3 == 0:
                            with pytest.raises(Undone), transaction.atomic():
                                write_entries(1)
                                raise Undone
                        if (n * number) % 5 == 1:
                            raise Undone
                except Undone:
                    pass
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    def keep_sealing():
        try:
            while not stop.is_set():
                seal.seal_entries(now=timezone.now())
                verify.verify()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    writers = [threading.Thread(target=work, args=[number]) for number in range(6)]
    sealer = threading.Thread(target=keep_sealing)
    for thread in (sealer, *writers):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    sealer.join(60)
    assert problems == []
    fits()


def test_a_stranger_follows_the_chains_of_an_export(tmp_path):
    write_entries(4)
    seal.seal_entries(now=timezone.now())
    path = tmp_path / "export.jsonl"
    call_command("record", "export", str(path))

    def check():
        return subprocess.run(
            [sys.executable, "-I", str(VERIFIER), "record", str(path)],
            cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert check().returncode == 0
    assert Client().get("/registre/checkpoint").status_code == 200
    # An export whose tree was made over a record with a gap: the first of these was taken out.
    from audit.record.merkle import Frontier, leaf_hash

    followed = chain.Followed()
    lines = [line for line in path.read_text().splitlines() if '"entry"' in line]
    import json

    tree = Frontier()
    with pytest.raises(chain.Broken):
        for line in lines[:-4] + lines[-3:]:
            text = json.loads(line)["entry"]
            leaf = leaf_hash(text.encode())
            tree.append(leaf)
            link = json.loads(text).get("link")
            followed.follow(bytes.fromhex(link) if link else None, leaf)


def test_a_chain_fits_by_its_places_and_by_its_leaves():
    one, other = chain.Chain(writer=b"1" * 8), chain.Chain(writer=b"2" * 8)
    followed = chain.Followed()
    # Before there were chains, entries had no link.
    followed.follow(None, b"0" * 32)
    for mine, leaf in ((one, b"a" * 32), (other, b"b" * 32), (one, b"c" * 32), (other, b"d" * 32)):
        followed.follow(mine.link(), leaf)
        mine.advance(leaf)
    for place, after in ((2, b"x" * 32), (3, b"c" * 32), (1, b"c" * 32), (2, b"d" * 32)):
        broken = chain.Chain(writer=one.writer, place=place, after=after)
        with pytest.raises(chain.Broken, match=f"its writer {one.writer.hex()} {MISSING}$"):
            followed.follow(broken.link(), b"e" * 32)
    with pytest.raises(chain.Broken, match=MISSING):
        followed.follow(chain.Chain(writer=b"3" * 8, place=1).link(), b"e" * 32)
    with pytest.raises(chain.Broken, match=r"^its link cannot be read$"):
        followed.follow(one.link()[:-1], b"e" * 32)
    # What did not fit is no end of a chain.
    followed.follow(one.link(), b"e" * 32)
