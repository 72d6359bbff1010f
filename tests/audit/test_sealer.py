"""Nobody but the sealer can keep the record from being sealed, and where it waits everybody reads so."""

import logging
import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from audit.models import Leaf, Sealer
from audit.record import entries, health, privileges, seal, sealer, tree, verify
from audit.record.health import Problem
from practitioners.actions import DIRECTORY_IMPORTED
from tests.audit.record_fixtures import ACTOR, grow, rows, sql, write_entries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("alone_with_roles")]
APPLICATION, SEALER = "doctolib_test_app", "doctolib_test_sealer"
MINUTE = timedelta(seconds=61)


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"


@pytest.fixture
def roles():
    for role in (APPLICATION, SEALER):
        if not rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
            sql(f"CREATE ROLE {role} NOLOGIN")
    call_command("record", "grant", APPLICATION)
    call_command("record", "grant-sealer", SEALER)
    yield
    for role in (APPLICATION, SEALER):
        sql(f"DROP OWNED BY {role}")


@contextmanager
def another_session(*statements, role=None):
    """A session of its own, in a transaction that has done these statements."""
    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"],
        user=settings["USER"],
        host=settings["HOST"],
        port=settings["PORT"] or None,
    ) as other:
        if role:
            other.execute(f"SET ROLE {role}")
        for statement in statements:
            other.execute(statement)
        yield other
        other.rollback()


def just_ended():
    """The id of a transaction that began after the last checkpoint, and is over.

    The oldest one of its snapshot would not do: another worker may have it open for long.
    """
    with another_session() as other:
        (xid,) = other.execute("SELECT pg_current_xact_id()::text").fetchone()
    return xid


@contextmanager
def acting_as(role):
    sql(f"SET ROLE {role}")
    try:
        yield
    finally:
        sql("RESET ROLE")


def is_sealed(entry_id):
    return Leaf.objects.filter(entry_id=entry_id).exists()


@pytest.mark.parametrize(
    "statement",
    [
        # By number, as it was taken until now.
        "SELECT pg_advisory_lock(hashtextextended('doctolib: seal the record', 0))",
        "SELECT pg_advisory_xact_lock(hashtextextended('doctolib: seal the record', 0))",
        "SELECT pg_advisory_lock(n) FROM generate_series(-100, 100) AS n",
        "LOCK TABLE audit_sealer IN ACCESS SHARE MODE",
        "LOCK TABLE audit_leaf IN ACCESS SHARE MODE",
        "LOCK TABLE audit_checkpoint IN ACCESS SHARE MODE",
        "LOCK TABLE audit_entry IN ACCESS SHARE MODE",
        "SELECT count(*) FROM audit_leaf, audit_checkpoint, audit_sealer",
    ],
)
def test_no_lock_that_the_application_can_take_holds_up_sealing(roles, statement):
    (entry_id,) = write_entries(1)
    with another_session(statement, role=APPLICATION), acting_as(SEALER):
        assert seal.seal_entries(now=timezone.now()) is not None
    assert is_sealed(entry_id)


@pytest.mark.parametrize(
    "statement",
    [
        seal.LOCK,
        "SELECT 1 FROM audit_sealer FOR SHARE",
        "SELECT 1 FROM audit_sealer FOR KEY SHARE",
        "UPDATE audit_sealer SET run_at = now()",
        "DELETE FROM audit_sealer",
        "INSERT INTO audit_sealer (id) VALUES (1)",
        "LOCK TABLE audit_sealer IN ROW SHARE MODE",
        "LOCK TABLE audit_leaf IN ROW EXCLUSIVE MODE",
        "LOCK TABLE audit_entry IN ROW EXCLUSIVE MODE",
        "LOCK TABLE audit_entry IN SHARE MODE",
        # What would stand in the way of the next leaf, and of the next checkpoint.
        "INSERT INTO audit_leaf SELECT max(index) + 1, gen_random_uuid(), now(), '' FROM audit_leaf",
        "INSERT INTO audit_subtree (height, index, hash) VALUES (1, 900000, '')",
        "INSERT INTO audit_checkpoint SELECT size + 1, root, note, snapshot, cluster, now() FROM audit_checkpoint",
        "INSERT INTO audit_cosignature (checkpoint_id, witness, line, cosigned_at) SELECT size, 'w', '', now() FROM audit_checkpoint",
        'INSERT INTO audit_entry SELECT (jsonb_populate_record(e, \'{"xid": "9000000000000000000"}\')).* FROM audit_entry e LIMIT 1',
        f"SET ROLE {SEALER}",
    ],
)
def test_the_application_can_do_nothing_that_the_sealer_does(roles, statement):
    grow(1)
    with (
        another_session(role=APPLICATION) as application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        # A role that has logged in as the application has no other to go back to.
        application.execute(f"SET SESSION AUTHORIZATION {APPLICATION}")
        application.execute(statement)


def test_the_sealers_role_seals_and_reads_nothing_else(roles):
    (entry_id,) = write_entries(1)
    with acting_as(SEALER):
        sealer.seal_once(asks_witnesses=True)
        assert not health.problems(now=timezone.now())
        for forbidden in (
            "SELECT 1 FROM booking_patient",
            "SELECT 1 FROM audit_subjectkey",
            "UPDATE audit_leaf SET hash = ''",
            "DELETE FROM audit_entry",
            "INSERT INTO audit_entry (id) VALUES (gen_random_uuid())",
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                sql(forbidden)
    assert is_sealed(entry_id)
    assert verify.verify().unsealed == 0


def test_the_application_that_seals_is_told_that_it_may_not(roles):
    write_entries(1)
    with acting_as(APPLICATION), pytest.raises(CommandError, match="may not seal"):
        call_command("record", "seal")


def what_is_said():
    """Of readiness, and of the page in both languages."""
    answer = Client().get("/pret/")
    pages = [
        Client(headers={"accept-language": language}).get("/registre/").content.decode()
        for language in ("fr", "en")
    ]
    return answer.status_code, answer.json()["problems"], pages


@pytest.mark.parametrize(
    "lock", [seal.LOCK.replace(" SKIP LOCKED", ""), "LOCK TABLE audit_leaf IN SHARE MODE"]
)
def test_a_sealer_that_is_kept_out_says_so_everywhere(lock, caplog, monkeypatch, time_machine):
    monkeypatch.setattr(seal, "PATIENCE", "SET LOCAL lock_timeout = '100ms'")
    grow(1)
    assert what_is_said()[:2] == (200, [])
    with another_session(lock):
        write_entries(1)
        assert seal.seal_entries(now=timezone.now()) is None
        # Two sealers that meet are no trouble yet.
        assert what_is_said()[:2] == (200, [])
        time_machine.move_to(timezone.now() + MINUTE, tick=False)
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            sealer.seal_once(asks_witnesses=False)
        assert "sealing is held up" in caplog.text
        assert "sealing-held-up" in caplog.text
        status, problems, (french, english) = what_is_said()
        assert (status, problems) == (503, [Problem.HELD_UP])
        assert "le scellement est empêché" in french
        assert "sealing is delayed" in english
        with pytest.raises(CommandError, match="waits for more than 60 seconds"):
            call_command("record", "verify")
    sealer.seal_once(asks_witnesses=False)
    assert what_is_said()[:2] == (200, [])
    call_command("record", "verify")


def test_a_record_that_nobody_can_read_is_said_to_be_locked(monkeypatch):
    grow(1)
    with another_session("LOCK TABLE audit_checkpoint IN ACCESS EXCLUSIVE MODE"):
        assert health.problems(now=timezone.now()) == [Problem.LOCKED]
        assert Client().get("/pret/").json()["problems"] == [Problem.LOCKED]


def test_no_sealer_at_all_is_said_too(time_machine):
    grow(1)
    write_entries(1)
    assert what_is_said()[0] == 200
    time_machine.move_to(timezone.now() + MINUTE, tick=False)
    assert what_is_said()[:2] == (503, [Problem.HELD_UP])
    grow(1)


def test_a_quiet_night_is_no_trouble(time_machine):
    grow(1)
    time_machine.move_to(timezone.now() + timedelta(hours=9), tick=False)
    assert what_is_said()[:2] == (200, [])


# The second is ahead of what other workers may reach meanwhile.
AHEAD = ["9000000000000000000", "pg_snapshot_xmax(pg_current_snapshot())::text::numeric + 1000000"]


@pytest.mark.parametrize("value", AHEAD)
def test_an_entry_that_would_never_be_sealed_is_found_at_once(value, caplog):
    grow(1)
    (entry_id,) = write_entries(1)

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        sql("SET LOCAL session_replication_role = replica")
        sql(f"UPDATE audit_entry SET xid = ({value})::text::xid8 WHERE id = %s", [entry_id])
        seal.seal_entries(now=timezone.now())
        assert not is_sealed(entry_id)
        with pytest.raises(verify.DoesNotFit, match=f"{entry_id}.*lies ahead"):
            verify.verify()
        status, problems, (_french, english) = what_is_said()
        assert (status, problems) == (503, [Problem.AHEAD])
        assert "never be sealed" in english
        raise Undone
    assert seal.seal_entries(now=timezone.now()) is not None
    assert is_sealed(entry_id)


def test_a_round_waits_for_no_lock_for_ever(monkeypatch, caplog):
    """What others may lock holds a round up for seconds, which the log then says."""
    monkeypatch.setattr(seal, "PATIENCE", seal.PATIENCE.replace("5s", "200ms"))
    grow(1)
    write_entries(1)
    with another_session("LOCK TABLE audit_checkpoint IN ACCESS EXCLUSIVE MODE"):
        assert seal.seal_entries(now=timezone.now()) is None
    assert "locked the tables of the record" in caplog.text
    assert seal.seal_entries(now=timezone.now()) is not None


def test_an_entry_beside_an_older_transaction_still_at_work_is_no_fault():
    """It was written after that one began, is committed, and is sealed when that one has ended."""
    grow(1)
    with another_session("SELECT pg_current_xact_id()"):
        write_entries(1)
        assert health.problems(now=timezone.now()) == []


def test_an_entry_that_names_a_transaction_still_at_work_is_found(monkeypatch):
    """As long as that one lasts, the entry would not be sealed: a year, if somebody likes."""
    grow(1)
    (entry_id,) = write_entries(1)
    with another_session() as other:
        (xid,) = other.execute("SELECT pg_current_xact_id()::text").fetchone()
        with transaction.atomic():
            sql("SET LOCAL session_replication_role = replica")
            sql("UPDATE audit_entry SET xid = %s::text::xid8 WHERE id = %s", [xid, entry_id])
        seal.seal_entries(now=timezone.now())
        assert not is_sealed(entry_id)
        with pytest.raises(verify.DoesNotFit, match=f"{entry_id}.*lies ahead"):
            verify.verify()
        assert Problem.AHEAD in health.problems(now=timezone.now())
    assert seal.seal_entries(now=timezone.now()) is not None
    assert is_sealed(entry_id)


def test_a_long_piece_of_work_that_commits_late_is_not_taken_for_a_fault(monkeypatch):
    """Its entries say when it began; the sealer is at work, and seals them at its next run."""
    grow(1)
    began = timezone.now() - timedelta(minutes=10)
    entry_id = entries.write(DIRECTORY_IMPORTED, actor=ACTOR, at=began)
    assert not health.problems(now=timezone.now())

    def next_run(_seconds):
        assert seal.seal_entries(now=timezone.now()) is not None

    monkeypatch.setattr(verify.time, "sleep", next_run)
    assert verify.verify().overdue == [entry_id]
    assert is_sealed(entry_id)


def test_a_sealer_that_is_at_work_and_passes_an_entry_over_is_found(monkeypatch):
    grow(1)
    entry_id = entries.write(DIRECTORY_IMPORTED, actor=ACTOR, at=timezone.now() - MINUTE)
    monkeypatch.setattr(verify.time, "sleep", lambda _seconds: None)
    with pytest.raises(verify.DoesNotFit, match=f"{entry_id}.*waits for more than 60 seconds"):
        verify.verify()
    grow(1)


def test_an_entry_with_the_id_of_another_neither_stops_sealing_nor_passes_unseen(caplog):
    """The application's role can add it, and ids are unique in the tree."""
    (entry_id,) = write_entries(1)
    seal.seal_entries(now=timezone.now())
    size = tree.size()
    twice = (
        "INSERT INTO audit_entry (id, at, action, actor_kind, channel, purpose, subjects, fields, details, mac)"
        " SELECT id, at + interval '1 second', action, actor_kind, channel, purpose, subjects, fields, details, mac"
        " FROM audit_entry WHERE id = %s"
    )

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        sql(twice, [entry_id])
        new = write_entries(1)
        # Own transaction: the snapshot of the run sees nothing of it, so it is taken as committed.
        sql("SET LOCAL session_replication_role = replica")
        sql(
            "UPDATE audit_entry SET xid = %s::text::xid8"
            " WHERE id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = id AND l.at = audit_entry.at)",
            [just_ended(), [entry_id, *new]],
        )
        assert seal.seal_entries(now=timezone.now()).size == size + 1
        assert is_sealed(new[0])
        assert "share an id" in caplog.text
        with pytest.raises(verify.DoesNotFit, match=f"{entry_id}.*not written by this platform"):
            verify.verify()
        raise Undone


@pytest.mark.parametrize(
    "values",
    [
        "'infinity', '{}', '{}', '{}'",
        "'-infinity', '{}', '{}', '{}'",
        "'1999-01-01', '{}', '{}', '{}'",
        "'294000-01-01', '{}', '{}', '{}'",
        "now(), ARRAY[NULL]::uuid[], '{}', '{}'",
        "now(), ARRAY[ARRAY[gen_random_uuid()]], '{}', '{}'",
        "now(), '{}', ARRAY[NULL]::varchar[], '{}'",
        "now(), '{}', ARRAY[ARRAY['x']], '{}'",
    ],
)
def test_what_a_sealer_could_not_read_is_no_entry(values):
    with pytest.raises(DatabaseError, match="audit_entry_sealable"), transaction.atomic():
        sql(
            "INSERT INTO audit_entry (id, action, actor_kind, channel, purpose, at, subjects, fields, details)"
            f" VALUES (gen_random_uuid(), 'x', 'x', 'x', '', {values})"
        )


@pytest.mark.parametrize(
    "details", ["1" * 5000, "[" * 3000 + "]" * 3000, '{"a": 1e130000}', "null", '"x"', "[]"]
)
def test_details_that_nobody_can_read_do_not_stop_sealing(details):
    """A holder of the application's role may put them in; they are told from ours by their code."""
    grow(1)

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        (new,) = write_entries(1)
        sql("SET LOCAL session_replication_role = replica")
        sql(
            "UPDATE audit_entry SET details = %s::text::jsonb, xid = %s::text::xid8 WHERE id = %s",
            [details, just_ended(), new],
        )
        seal.seal_entries(now=timezone.now())
        assert is_sealed(new)
        with pytest.raises(verify.DoesNotFit, match=r"\(.*\): not written by this platform"):
            verify.verify()
        raise Undone


def test_the_process_seals_until_it_is_told_to_stop(monkeypatch):
    (entry_id,) = write_entries(1)
    stop = threading.Event()
    process = threading.Thread(target=sealer.run, kwargs={"stop": stop, "every_s": 0.05})
    process.start()
    try:
        for _ in range(200):
            if is_sealed(entry_id):
                break
            threading.Event().wait(0.05)
        assert is_sealed(entry_id)
        assert Sealer.objects.get().run_at is not None
    finally:
        stop.set()
        process.join(20)
    assert not process.is_alive()


def test_the_process_goes_on_after_a_failure(monkeypatch, caplog):
    stop, turns = threading.Event(), []

    def fail(**_arguments):
        turns.append(1)
        if len(turns) == 3:
            stop.set()
        raise DatabaseError("away")

    monkeypatch.setattr(sealer, "seal_once", fail)
    sealer.run(stop=stop, every_s=0.001)
    assert len(turns) == 3
    assert "was not sealed" in caplog.text


def test_the_roles_have_names_of_their_own():
    assert privileges.SEALER_ROLE != privileges.APPLICATION_ROLE
