"""The role that the application runs as works, and cannot rewrite the record."""

import os
from contextlib import contextmanager, suppress
from datetime import date

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.models import Entry
from audit.record import partitions, privileges, verify
from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.patients import patients
from doctolib.management.commands import serve
from tests.audit.record_fixtures import grow, rows, sql, write_entries
from tests.factories import make_patient, make_practice, practice_actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("alone_with_roles")]
ROLE = "doctolib_test_app"


@pytest.fixture
def role(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"
    if not rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]):
        sql(f"CREATE ROLE {ROLE} NOLOGIN")
    call_command("record", "grant", ROLE)
    yield ROLE
    sql(f"DROP OWNED BY {ROLE}")


@contextmanager
def acting_as(role):
    sql(f"SET ROLE {role}")
    try:
        yield
    finally:
        sql("RESET ROLE")


@pytest.mark.parametrize("table", [*privileges.APPEND_ONLY, "audit_entry_default"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_privileges_refuse_to_change_the_record(role, table, change):
    grow(1)
    columns = {
        "audit_entry": "purpose",
        "audit_entry_default": "purpose",
        "audit_checkpoint": "size",
    }
    column = columns.get(table, "hash" if table != "audit_cosignature" else "line")
    with (
        acting_as(role),
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
    ):
        sql(change.format(table, column, column))


def test_the_sealers_role_may_add_to_the_tree_and_to_nothing_else():
    sealer = "doctolib_test_sealing"
    if not rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [sealer]):
        sql(f"CREATE ROLE {sealer} NOLOGIN")
    call_command("record", "grant-sealer", sealer)
    may = rows(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = %s",
        [sealer],
    )
    of_the_tree = ("audit_leaf", "audit_subtree", "audit_checkpoint", "audit_cosignature")
    tables = (*of_the_tree, "audit_entry", "audit_sealer")
    assert set(may) == {(table, "SELECT") for table in tables} | {
        (table, "INSERT") for table in of_the_tree
    } | {("audit_sealer", "UPDATE")}
    sql(f"DROP OWNED BY {sealer}")


def test_neither_triggers_nor_tables_can_be_taken_away(role):
    with acting_as(role):
        for statement in (
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_entry_no_change ON audit_entry",
            "DROP TABLE audit_leaf",
            "SET session_replication_role = replica",
            "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN OLD; END'",
        ):
            with (
                pytest.raises(DatabaseError, match=r"must be owner|permission denied"),
                transaction.atomic(),
            ):
                sql(statement)


def test_the_application_works_under_it(role):
    practice = make_practice()
    with acting_as(role):
        patient = make_patient(practice=practice)
        with reveal([(patient, ("phone",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
            assert plain.text(patient, "phone") == "+33612345678"
        identity = patients.Identity(first_name="A", last_name="B", birth_date=date(1980, 1, 1))
        patients.create_patient(identity=identity, actor=system_actor(), now=timezone.now())
        write_entries(2)
        assert verify.verify().unsealed >= 2
        made = partitions.create_partitions(on=date(2050, 1, 1), count=0)
        assert Entry.objects.exists()
    assert made == ["audit_entry_2050_01"]
    sql("DROP TABLE audit_entry_2050_01")


def test_an_unknown_role_is_named():
    with pytest.raises(CommandError, match="nobody_at_all"):
        call_command("record", "grant", "nobody_at_all")


@pytest.fixture
def served(monkeypatch):
    """The address with which `make run` starts its processes, on this test's database."""
    settings = connection.settings_dict
    url = os.environ["DATABASE_URL"].replace("/doctolib?", f"/{settings['NAME']}?")
    monkeypatch.setenv("DATABASE_URL", url)
    yield serve.Command()._environment_of(privileges.APPLICATION_ROLE)["DATABASE_URL"]
    sql(f"DROP OWNED BY {privileges.APPLICATION_ROLE}")


def test_the_demo_runs_as_a_role_that_cannot_rewrite_the_record(served):
    grow(1)
    with psycopg.connect(served, autocommit=True) as application:
        assert application.execute("SELECT current_user").fetchone() == ("doctolib_app",)
        for way_back in ("RESET ROLE", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres"):
            with suppress(psycopg.Error):
                application.execute(way_back)
        assert application.execute("SELECT count(*) > 0 FROM audit_entry").fetchone() == (True,)
        for change in ("UPDATE audit_entry SET purpose = purpose", "DELETE FROM audit_leaf"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(change)


def test_that_role_sees_every_row_and_may_become_the_partner_role(served):
    make_practice()
    count = "SELECT count(*) FROM practitioners_practice"
    with psycopg.connect(served, autocommit=True) as application:
        assert application.execute(count).fetchone() == (1,)
        application.execute("SET ROLE doctolib_partner")
        assert application.execute(count).fetchone() == (0,)


def test_with_a_server_of_ones_own_the_demo_logs_in_as_it_says(monkeypatch):
    own = "postgresql://me:secret@db.example/doctolib"
    monkeypatch.setenv("DATABASE_URL", own)
    assert serve.Command()._environment_of(privileges.APPLICATION_ROLE)["DATABASE_URL"] == own
