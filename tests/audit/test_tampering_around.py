"""Tampering with what stands around the tree: rows, guards, rights, cosignatures, the file outside.

As in test_tampering.py, each attempt has superuser rights and is undone afterwards.
"""

import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from audit.models import Checkpoint
from audit.record import content, guards, health, merkle, notes, outside, seal, verify, witness
from tests.audit.record_fixtures import grow, rows, sql, write_entries
from tests.support.tampering import is_found
from tests.support.witness import LocalWitness, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("alone_with_roles")]
LOOSE, GROUP = "doctolib_test_loose", "doctolib_test_group"


@pytest.fixture(autouse=True)
def notes_held(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    grow(3, 2)
    assert verify.verify(outside=outside.kept_outside()).unsealed == 0


@pytest.fixture
def loose():
    """A role that has logged in, and may read and add entries; nothing was given to it but that."""
    for role in (LOOSE, GROUP):
        if not rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
            sql(f"CREATE ROLE {role} NOLOGIN")
    call_command("record", "grant", LOOSE)
    assert list(guards.broken()) == []
    yield
    for role in (LOOSE, GROUP):
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")


def found_after(*statements):
    """What verification says after these statements, none of which is kept."""

    def tamper():
        for statement in statements:
            sql(statement)

    return is_found(tamper, [])


OF_CHECKPOINTS = {
    "its snapshot, so that nothing is new": "snapshot = '9000000000000000000:9000000000000000000:'",
    "its snapshot, so that all is new": "snapshot = '1:1:'",
    "its snapshot, by one": "snapshot = replace(snapshot, ':', '1:')",
    "its cluster": "cluster = 42",
    "its cluster and snapshot": "cluster = cluster + 1, snapshot = '3:3:'",
    "its time": "created_at = created_at - interval '1 hour'",
    "its code": "mac = sha256(mac)",
    "its code away": "mac = NULL",
    "its code away, and its cluster": "mac = NULL, cluster = 42",
}


@pytest.mark.parametrize("change", OF_CHECKPOINTS)
@pytest.mark.parametrize(
    "which",
    ["max(size)", "(SELECT size FROM audit_checkpoint ORDER BY size DESC LIMIT 1 OFFSET 1)"],
)
def test_the_row_of_a_checkpoint_that_was_changed_is_found(change, which):
    size = f"(SELECT {which} FROM audit_checkpoint)" if "max" in which else which
    found = found_after(f"UPDATE audit_checkpoint SET {OF_CHECKPOINTS[change]} WHERE size = {size}")
    assert "its snapshot, cluster or time was changed" in found


def test_the_codes_of_two_checkpoints_that_were_swapped_are_found():
    found = found_after(
        "UPDATE audit_checkpoint a SET mac = b.mac, snapshot = b.snapshot FROM audit_checkpoint b"
        " WHERE a.size = (SELECT max(size) FROM audit_checkpoint) AND b.size ="
        " (SELECT size FROM audit_checkpoint ORDER BY size DESC LIMIT 1 OFFSET 1)"
    )
    assert "its snapshot, cluster or time was changed" in found


def test_rows_of_before_there_were_codes_verify_and_none_after_one_with_does():
    newest = Checkpoint.objects.order_by("-size").first().size
    assert found_after(f"UPDATE audit_checkpoint SET mac = NULL WHERE size < {newest}") == ""
    found = found_after("UPDATE audit_checkpoint SET mac = NULL")
    assert found == f"checkpoint {newest}: its snapshot, cluster or time was changed"


def test_a_checkpoint_of_the_empty_record_may_be_held():
    def held(root):
        key = content.signing_key()
        return notes.sign(
            notes.TreeHead(origin=verify.public_key().name, size=0, root=root),
            name=verify.public_key().name, key=key,
        )  # fmt: skip

    assert verify.verify(held=[held(merkle.EMPTY_ROOT)]).held == 1
    with pytest.raises(verify.DoesNotFit, match="of size 0: its root is not that of an empty"):
        verify.verify(held=[held(b"r" * 32)])


def test_sealing_goes_on_behind_a_snapshot_that_was_put_ahead():
    """An entry is sealed that the changed row would have passed over for good."""
    newest = Checkpoint.objects.order_by("-size").first()
    try:
        sql("SET session_replication_role = replica")
        sql(
            "UPDATE audit_checkpoint SET snapshot = '9000000000000000000:9000000000000000000:'"
            " WHERE size = %s",
            [newest.size],
        )
        write_entries(2)
        assert health.Problem.CHECKPOINT_CHANGED in health.problems(now=timezone.now())
        assert seal.seal_entries(now=timezone.now()).size == newest.size + 2
    finally:
        sql(
            "UPDATE audit_checkpoint SET snapshot = %s WHERE size = %s",
            [newest.snapshot, newest.size],
        )
        sql("RESET session_replication_role")
    assert verify.verify().unsealed == 0


BODY = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END'"
GUARDS = {
    "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change": "does not always fire",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL": "does not always fire",
    "ALTER TABLE audit_entry ENABLE REPLICA TRIGGER audit_entry_no_change": "does not always fire",
    "ALTER TABLE audit_entry_default DISABLE TRIGGER audit_entry_no_change": "does not always fire",
    "ALTER TABLE audit_entry_default DISABLE TRIGGER audit_entry_no_truncate": "does not always fire",
    "DROP TRIGGER audit_entry_no_change ON audit_entry": "no trigger refuses changes",
    "DROP TRIGGER audit_entry_no_truncate ON audit_entry_default": "no trigger refuses truncation",
    "DROP TRIGGER audit_leaf_no_change ON audit_leaf": "no trigger refuses changes",
    "DROP TRIGGER audit_subtree_no_truncate ON audit_subtree": "no trigger refuses truncation",
    "DROP TRIGGER audit_checkpoint_no_change ON audit_checkpoint": "no trigger refuses changes",
    "DROP TRIGGER audit_cosignature_no_change ON audit_cosignature": "no trigger refuses changes",
    "CREATE OR REPLACE TRIGGER audit_leaf_no_change BEFORE DELETE ON audit_leaf FOR EACH ROW"
    " EXECUTE FUNCTION audit_refuse_change()": "no trigger refuses changes",
    "CREATE OR REPLACE TRIGGER audit_leaf_no_change BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH ROW"
    " WHEN (OLD.index < 0) EXECUTE FUNCTION audit_refuse_change()": "does not always fire",
    f"CREATE OR REPLACE FUNCTION audit_refuse_change() {BODY}": "function audit_refuse_change",
    "CREATE OR REPLACE FUNCTION audit_create_partition(month date) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'": "function audit_create_partition",
    f"CREATE FUNCTION away() {BODY.replace('coalesce(NEW, OLD)', 'NULL')};;"
    " CREATE TRIGGER a BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION away()": "is none of ours",
    "CREATE RULE away AS ON INSERT TO audit_entry DO INSTEAD NOTHING": "a rule rewrites",
    "CREATE RULE away AS ON DELETE TO audit_leaf DO INSTEAD NOTHING": "a rule rewrites",
    "ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY": "row-level security",
    "ALTER TABLE audit_leaf FORCE ROW LEVEL SECURITY": "row-level security",
    "ALTER TABLE audit_leaf SET UNLOGGED": "a crash would empty it",
    "ALTER TABLE audit_entry ALTER COLUMN xid SET DEFAULT '9000000000000000000'": "audit_entry.xid",
    "ALTER TABLE audit_entry ALTER COLUMN xid DROP DEFAULT": "audit_entry.xid",
    "CREATE RULE away AS ON UPDATE TO audit_sealer DO INSTEAD NOTHING": "a rule rewrites",
}


@pytest.mark.parametrize("statement", GUARDS)
def test_a_guard_that_was_taken_away_is_found(statement):
    assert GUARDS[statement] in found_after(*statement.split(";;"))


RIGHTS = {
    "GRANT UPDATE ON audit_entry TO {}": "may UPDATE audit_entry",
    "GRANT UPDATE (purpose) ON audit_entry TO {}": "may UPDATE audit_entry",
    "GRANT DELETE ON audit_entry TO {}": "may DELETE audit_entry",
    "GRANT DELETE ON audit_entry_default TO {}": "may DELETE audit_entry_default",
    "GRANT TRUNCATE ON audit_leaf TO {}": "may TRUNCATE audit_leaf",
    "GRANT TRIGGER ON audit_checkpoint TO {}": "may TRIGGER audit_checkpoint",
    "GRANT ALL ON audit_cosignature TO {}": "may DELETE audit_cosignature",
    "GRANT UPDATE ON audit_subtree TO PUBLIC": "may UPDATE audit_subtree",
    "GRANT INSERT ON audit_leaf TO {}": "may INSERT audit_leaf",
    "GRANT INSERT ON audit_checkpoint TO {}": "may INSERT audit_checkpoint",
    "GRANT INSERT ON audit_entry TO {}": "may INSERT audit_entry.xid",
    "GRANT INSERT (xid) ON audit_entry TO {}": "may INSERT audit_entry.xid",
    "GRANT UPDATE ON audit_sealer TO {}": "may UPDATE audit_sealer",
    "GRANT UPDATE (run_at) ON audit_sealer TO {}": "may UPDATE audit_sealer",
    "GRANT pg_write_all_data TO {}": "may DELETE audit_checkpoint",
    "GRANT DELETE ON audit_leaf TO doctolib_test_group;; GRANT doctolib_test_group TO {}": "may DELETE audit_leaf",
    "GRANT SET ON PARAMETER session_replication_role TO {}": "may SET session_replication_role",
    "ALTER ROLE {} SET session_replication_role = replica": "puts the triggers to rest",
    "ALTER TABLE audit_leaf OWNER TO doctolib_test_group;; GRANT doctolib_test_group TO {}": "may OWN audit_leaf",
}


@pytest.mark.parametrize("statement", RIGHTS)
def test_a_right_that_was_given_is_found(loose, statement):
    found = found_after(*statement.format(LOOSE).split(";;"))
    assert found.startswith("role ") and RIGHTS[statement] in found


def test_a_setting_of_the_whole_database_is_found():
    name = connection.settings_dict["NAME"]
    found = found_after(f'ALTER DATABASE "{name}" SET session_replication_role = replica')
    assert "puts the triggers to rest" in found


@pytest.fixture
def local(settings):
    made = LocalWitness(verify.public_key(), f"witness.example/{uuid.uuid4().hex}")
    with serving(made) as url:
        settings.RECORD_WITNESSES = [f"{made.key} {url}"]
        assert witness.hand_out(now=timezone.now()) == 1
        grow(2)
        assert witness.hand_out(now=timezone.now()) == 1
        yield made


OF_COSIGNATURES = [
    "UPDATE audit_cosignature a SET line = b.line FROM audit_cosignature b WHERE a.witness = b.witness AND a.checkpoint_id > b.checkpoint_id AND a.witness = %s",
    "UPDATE audit_cosignature SET cosigned_at = cosigned_at - interval '1 day' WHERE witness = %s",
    "UPDATE audit_cosignature SET line = '' WHERE witness = %s",
    "UPDATE audit_cosignature SET line = line || line WHERE witness = %s",
    "UPDATE audit_cosignature SET mac = NULL WHERE witness = %s",
    "UPDATE audit_cosignature SET mac = sha256(mac) WHERE witness = %s",
    "UPDATE audit_cosignature SET witness = 'another.example/w' WHERE witness = %s AND checkpoint_id = (SELECT max(checkpoint_id) FROM audit_cosignature)",
]


@pytest.mark.parametrize("statement", OF_COSIGNATURES)
def test_a_cosignature_that_was_changed_is_found(local, statement):
    found = is_found(lambda: sql(statement, [local.key.name]), [])
    assert "the cosignature of" in found


def test_a_cosignature_that_is_no_witnesss_is_found_whoever_wrote_the_row(local):
    """Also with the code that only this platform can make: the witness's key is not ours."""
    newest = Checkpoint.objects.order_by("-size").first()
    thief = LocalWitness(verify.public_key(), local.key.name)
    thief.private = Ed25519PrivateKey.generate()
    signature = local.key.key_id + b"\0" * 72
    line = notes.signature_line(local.key, signature[4:])

    def tamper():
        row = newest.cosignatures.get(witness=local.key.name)
        row.line = line
        sql(
            "UPDATE audit_cosignature SET line = %s, mac = %s WHERE id = %s",
            [line, witness.code_of(row), row.pk],
        )

    assert "not what the witness signed" in is_found(tamper, [])


def test_a_cosignature_that_was_deleted_is_found_by_the_file_outside(local):
    kept = outside.kept_outside()
    assert any(local.key.name in note for note in kept)
    sql("SET session_replication_role = replica")
    try:
        sql("DELETE FROM audit_cosignature WHERE witness = %s", [local.key.name])
        with pytest.raises(CommandError, match="a cosignature is no longer stored"):
            call_command("record", "verify")
    finally:
        sql("RESET session_replication_role")


def damaged(change):
    def damage(path, text):
        path.write_text(change(text))

    return damage


FILES = {
    "emptied": (damaged(lambda text: ""), "it lacks checkpoint"),
    "removed": (lambda path, text: path.unlink(), "it lacks checkpoint"),
    "cut": (
        damaged(lambda text: text[: len(text) // 2]),
        "middle of a checkpoint|lacks checkpoint",
    ),
    "cut in a signature": (
        damaged(lambda text: text[:-20]),
        "held checkpoint|middle of a checkpoint",
    ),
    "ends with a word": (damaged(lambda text: text + "x"), "middle of a checkpoint"),
    "another root": (damaged(lambda text: text.replace("\n", "\nA", 2)), "a held checkpoint"),
    "another size": (
        damaged(lambda text: "\n".join(_grown(text.split("\n")))),
        "a held checkpoint",
    ),
    "no text": (lambda path, text: path.write_bytes(b"\xff\xfe\x00"), "cannot be read"),
}


def _grown(lines):
    return [lines[0], str(int(lines[1]) + 1), *lines[2:]]


@pytest.mark.parametrize("damage", FILES)
def test_a_file_outside_that_was_changed_is_found(damage, settings, time_machine):
    path = settings.RECORD_CHECKPOINT_FILE
    call_command("record", "verify")
    time_machine.move_to(timezone.now() + 2 * seal.WAITS_AT_MOST, tick=False)
    call_command("record", "verify")
    change, words = FILES[damage]
    change(path, path.read_text())
    with pytest.raises(CommandError, match=words):
        call_command("record", "verify")


def test_a_database_and_a_file_that_were_both_set_back_are_told_on_by_the_witness(local, settings):
    """Nothing that is kept on the platform's own machines knows better any more."""
    newest = Checkpoint.objects.order_by("-size").first()
    earlier = Checkpoint.objects.order_by("-size")[1]
    path = settings.RECORD_CHECKPOINT_FILE
    text = path.read_text()
    before = text[: text.index(newest.note)]

    from django.db import transaction

    class Undone(Exception):
        pass

    try:
        with pytest.raises(Undone), transaction.atomic():
            sql("SET LOCAL session_replication_role = replica")
            sql("DELETE FROM audit_cosignature WHERE checkpoint_id = %s", [newest.size])
            sql(
                "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE index >= %s)",
                [earlier.size],
            )
            sql("DELETE FROM audit_leaf WHERE index >= %s", [earlier.size])
            sql("DELETE FROM audit_checkpoint WHERE size > %s", [earlier.size])
            sql("DELETE FROM audit_subtree WHERE (index + 1) * (256 ^ height) > %s", [earlier.size])
            path.write_text(before)
            assert verify.verify(outside=outside.kept_outside()).entries == earlier.size
            with pytest.raises(
                CommandError,
                match=f"has cosigned {newest.size} entries, the record has {earlier.size}",
            ):
                call_command("record", "verify")
            raise Undone
    finally:
        path.write_text(text)
    call_command("record", "verify")
