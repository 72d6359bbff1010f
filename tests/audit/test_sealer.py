"""Nobody but the sealer can keep the record from being sealed, and where it waits everybody reads so."""

import logging
import threading
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from audit.models import Sealer
from audit.record import health, privileges, seal, sealer, verify
from audit.record.health import Problem
from tests.audit.record_fixtures import grow, rows, sql, write_entries
from tests.support.sealer import MINUTE, _own_file, another_session, is_sealed, what_is_said  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("alone_with_roles")]


APPLICATION, SEALER = "doctolib_test_app", "doctolib_test_sealer"


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
def acting_as(role):
    sql(f"SET ROLE {role}")
    try:
        yield
    finally:
        sql("RESET ROLE")


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


def test_a_round_waits_for_no_lock_for_ever(monkeypatch, caplog):
    """What others may lock holds a round up for seconds, which the log then says."""
    monkeypatch.setattr(seal, "PATIENCE", seal.PATIENCE.replace("5s", "200ms"))
    grow(1)
    write_entries(1)
    with another_session("LOCK TABLE audit_checkpoint IN ACCESS EXCLUSIVE MODE"):
        assert seal.seal_entries(now=timezone.now()) is None
    assert "locked the tables of the record" in caplog.text
    assert seal.seal_entries(now=timezone.now()) is not None


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
