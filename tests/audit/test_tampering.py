"""Somebody with superuser rights in PostgreSQL changes the record: every change is found.

Each tampering happens in a transaction that is undone afterwards. What outsiders hold is the
checkpoints of before. The keys of the platform are not in the database, and so not known.
"""

import hashlib
import random
import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.record import content, merkle, notes, tree
from tests.audit.record_fixtures import grow, rows, sql, verify, write_entries
from tests.support.tampering import is_found

pytestmark = pytest.mark.django_db(transaction=True)
RUNS = (150, 90, 40, 7)
EACH = 14
rng = random.Random(20200721)


@pytest.fixture
def held(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    if tree.size() < sum(RUNS):
        grow(*RUNS)
    newest = rows("SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT %s", [len(RUNS)])
    return [note for (note,) in reversed(newest)]


def some_leaf():
    """A sealed entry: (index, id, at)."""
    return rows(
        "SELECT index, entry_id, at FROM audit_leaf WHERE index = %s",
        [rng.randrange(tree.size())],
    )[0]


def test_a_clean_record_never_fails(held):
    for _ in range(EACH):
        write_entries(rng.randrange(4))
        assert verify.verify(held=held).entries == tree.size()
        grow(1)


# Each makes another value of any value: the record holds what other tests wrote as well.
CHANGES = {
    "action": "action || 'x'",
    "actor_kind": "actor_kind || 'x'",
    "actor_id": "gen_random_uuid()",
    "practice_id": "gen_random_uuid()",
    "credential_id": "gen_random_uuid()",
    "channel": "channel || 'x'",
    "purpose": "purpose || 'x'",
    "subjects": "subjects || gen_random_uuid()",
    "fields": "fields || 'booking_patient.email'::varchar",
    "object_id": "gen_random_uuid()",
    "details": "details || '{\"n\": -1}'",
    "mac": "'\\x00'",
    "id": "gen_random_uuid()",
    "at": "at - interval '1 microsecond'",
}


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_a_changed_entry_is_named(held, column):
    for _ in range(EACH):
        index, entry_id, at = some_leaf()

        def tamper(entry_id=entry_id, at=at):
            statement = (
                f"UPDATE audit_entry SET {column} = {CHANGES[column]} WHERE id = %s AND at = %s"
            )
            assert sql(statement, [entry_id, at]) == 1

        found = is_found(tamper, held)
        assert found.startswith(f"entry {index} ({entry_id})")


def test_a_deleted_entry_is_named(held):
    for _ in range(EACH):
        index, entry_id, _at = some_leaf()
        found = is_found(lambda i=entry_id: sql("DELETE FROM audit_entry WHERE id = %s", [i]), held)
        assert found.startswith(f"entry {index} ({entry_id}): deleted")


def test_a_deleted_entry_with_its_leaf_is_named(held):
    for _ in range(EACH):
        index, entry_id, _at = some_leaf()

        def tamper(entry_id=entry_id):
            sql("DELETE FROM audit_entry WHERE id = %s", [entry_id])
            sql("DELETE FROM audit_leaf WHERE entry_id = %s", [entry_id])

        found = is_found(tamper, held)
        is_named = found == f"entry {index}: its leaf is missing"
        assert is_named or "ends after" in found


def test_a_rewritten_history_with_every_hash_made_anew_is_found(held):
    """The thief recomputes leaves and tree; what he cannot make is a code or a signature."""
    thief = Ed25519PrivateKey.generate()
    for number in range(EACH):
        _index, entry_id, _at = some_leaf()

        def tamper(entry_id=entry_id, number=number):
            sql(
                "UPDATE audit_entry SET subjects = subjects || gen_random_uuid() WHERE id = %s",
                [entry_id],
            )
            sql("DELETE FROM audit_subtree")
            frontier, notes_ = (
                merkle.Frontier(),
                dict(rows("SELECT size, note FROM audit_checkpoint")),
            )
            for index, *columns in rows(
                f"SELECT l.index, {content.SELECTED} FROM audit_leaf l"
                " JOIN audit_entry e ON e.id = l.entry_id ORDER BY l.index"
            ):
                leaf = merkle.leaf_hash(content.canonical(content.with_details(columns)))
                sql(
                    "UPDATE audit_leaf SET hash = %s WHERE index = %s AND hash <> %s",
                    [leaf, index, leaf],
                )
                for level, n, made in frontier.append(leaf):
                    if level % tree.TILE_LEVELS == 0:
                        sql(
                            "INSERT INTO audit_subtree (height, index, hash) VALUES (%s, %s, %s)",
                            [level // 8, n, made],
                        )
                if frontier.size in notes_ and number % 2:
                    head = notes.TreeHead(
                        origin=verify.public_key().name, size=frontier.size, root=frontier.root()
                    )
                    sql(
                        "UPDATE audit_checkpoint SET root = %s, note = %s WHERE size = %s",
                        [head.root, notes.sign(head, name=head.origin, key=thief), head.size],
                    )

        found = is_found(tamper, held)
        assert ("not written by this platform" in found) or ("not signed by" in found)


def test_an_inserted_entry_is_found_before_and_after_it_would_be_sealed(held):
    for number in range(EACH):
        _index, entry_id, _at = some_leaf()

        def tamper(entry_id=entry_id, number=number):
            sql(
                "INSERT INTO audit_entry SELECT (e2).* FROM (SELECT jsonb_populate_record(e, jsonb_build_object("
                "'id', gen_random_uuid(), 'at', e.at - make_interval(hours => %s))) AS e2"
                " FROM audit_entry e WHERE id = %s) s",
                [number, entry_id],
            )

        assert "not written by this platform" in is_found(tamper, held)


def test_a_copied_entry_put_in_again_is_found(held):
    """Everything genuine, the code included, but there twice: ids are unique in the tree."""
    for _ in range(EACH):
        _index, entry_id, at = some_leaf()

        def tamper(entry_id=entry_id, at=at):
            sql("DELETE FROM audit_leaf WHERE entry_id = %s", [entry_id])
            last = rows("SELECT max(index) FROM audit_leaf")[0][0]
            sql(
                "INSERT INTO audit_leaf SELECT %s, %s, %s, hash FROM audit_leaf WHERE index = %s",
                [last + 1, entry_id, at, last],
            )

        assert is_found(tamper, held) != ""


def test_a_genuine_entry_put_in_behind_the_seal_is_found(held):
    """An entry of ours that was kept back and is put in as if it had been there all the time."""
    for _ in range(EACH):
        kept = write_entries(1)[0]
        found = is_found(
            lambda i=kept: sql("UPDATE audit_entry SET xid = '5' WHERE id = %s", [i]), held
        )
        assert "put in behind what was sealed" in found
        grow(1)


def test_two_entries_in_another_order_are_found(held):
    for number in range(EACH):
        first, second = rng.sample(range(tree.size()), 2)

        def tamper(first=first, second=second, whole=number % 2):
            sql("ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_entry_id_key")
            columns = "entry_id = o.entry_id, at = o.at" + (", hash = o.hash" if whole else "")
            sql(
                f"UPDATE audit_leaf l SET {columns} FROM audit_leaf o"
                " WHERE (l.index = %s AND o.index = %s) OR (l.index = %s AND o.index = %s)",
                [first, second, second, first],
            )

        found = is_found(tamper, held)
        # Or by whichever entry follows one of the two in its writer's chain.
        is_missed = found.endswith("wrote before it is missing")
        assert is_missed or found.startswith(
            (f"entry {min(first, second)}", "stored subtree", "checkpoint", "the held")
        )


def test_a_back_dated_entry_is_named(held):
    for number in range(EACH):
        index, entry_id, at = some_leaf()

        def tamper(entry_id=entry_id, at=at, back=timedelta(hours=number + 1)):
            for table, key in (("audit_entry", "id"), ("audit_leaf", "entry_id")):
                sql(f"UPDATE {table} SET at = %s WHERE {key} = %s", [at - back, entry_id])

        assert is_found(tamper, held).startswith(f"entry {index} ({entry_id})")


def test_a_tail_cut_off_whole_is_found_by_who_holds_a_checkpoint(held):
    sizes = sorted(row[0] for row in rows("SELECT size FROM audit_checkpoint"))
    for number in range(EACH):
        keep = sizes[-2] if number == 0 else rng.choice(sizes[:-1])

        def tamper(keep=keep):
            sql(
                "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)",
                [keep],
            )
            sql("DELETE FROM audit_leaf WHERE index >= %s", [keep])
            sql("DELETE FROM audit_checkpoint WHERE size > %s", [keep])
            sql("DELETE FROM audit_subtree WHERE (index + 1) * (256 ^ height) > %s", [keep])
            # Whoever holds nothing sees nothing wrong: this is why checkpoints are handed out.
            assert verify.verify().entries == keep

        assert "no longer stored" in is_found(tamper, held)


def test_a_tail_cut_off_without_its_checkpoints_is_found(held):
    for _ in range(EACH):
        keep = tree.size() - rng.randrange(1, 7)
        found = is_found(lambda k=keep: sql("DELETE FROM audit_leaf WHERE index >= %s", [k]), held)
        assert f"the record ends after {keep} entries" in found


CHECKPOINT_CHANGES = [
    "UPDATE audit_checkpoint a SET note = b.note FROM audit_checkpoint b WHERE a.size = %(one)s AND b.size = %(other)s",
    "UPDATE audit_checkpoint a SET note = b.note, root = b.root FROM audit_checkpoint b WHERE a.size = %(one)s AND b.size = %(other)s",
    "UPDATE audit_checkpoint a SET root = b.root FROM audit_checkpoint b WHERE a.size = %(one)s AND b.size = %(other)s",
    "UPDATE audit_checkpoint SET root = sha256(root) WHERE size = %(one)s",
    "UPDATE audit_checkpoint SET note = replace(note, %(one)s || '', %(other)s || '') WHERE size = %(one)s AND %(other)s > 0",
    "UPDATE audit_checkpoint SET size = size + 1000000 WHERE size = %(one)s AND %(other)s > 0",
    "DELETE FROM audit_checkpoint WHERE size = %(one)s AND %(other)s > 0",
    "UPDATE audit_checkpoint SET note = '' WHERE size = %(one)s AND %(other)s > 0",
]


@pytest.mark.parametrize("statement", CHECKPOINT_CHANGES)
def test_checkpoints_that_were_swapped_changed_or_deleted_are_found(held, statement):
    sizes = [notes.read_head(notes.split(note)[0]).size for note in held]
    for one in sizes:
        for other in sizes:
            if one != other:

                def tamper(one=one, other=other):
                    assert (
                        sql(statement.replace("%(one)s", str(one)).replace("%(other)s", str(other)))
                        == 1
                    )

                assert is_found(tamper, held) != ""


def test_a_changed_subtree_is_found(held):
    for height, index in rows("SELECT height, index FROM audit_subtree"):
        for statement in (
            "UPDATE audit_subtree SET hash = sha256(hash)",
            "DELETE FROM audit_subtree",
            "UPDATE audit_subtree SET index = index + 900000",
        ):

            def tamper(height=height, index=index, statement=statement):
                sql(f"{statement} WHERE height = %s AND index = %s", [height, index])

            assert "subtree" in is_found(tamper, held)


def test_a_leaf_hash_that_was_changed_is_named(held):
    for _ in range(EACH):
        index, entry_id, _at = some_leaf()
        fake = hashlib.sha256(uuid.uuid4().bytes).digest()
        found = is_found(
            lambda i=index, f=fake: sql("UPDATE audit_leaf SET hash = %s WHERE index = %s", [f, i]),
            held,
        )
        assert found.startswith(f"entry {index} ({entry_id}): changed")


def test_the_suite_is_large_enough():
    """At least 200 generated tamperings; 12 pairs of checkpoints and 14 of everything else."""
    assert EACH * (len(CHANGES) + 10) + 12 * len(CHECKPOINT_CHANGES) >= 400
