"""Entries that the sealer passes over or cannot read: found, without stopping it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.record import entries, health, seal, tree, verify
from audit.record.health import Problem
from practitioners.actions import DIRECTORY_IMPORTED
from tests.audit.record_fixtures import ACTOR, grow, sql, write_entries
from tests.support.sealer import MINUTE, _own_file, another_session, is_sealed, what_is_said  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("alone_with_roles")]


def just_ended():
    """The id of a transaction that began after the last checkpoint, and is over.

    The oldest one of its snapshot would not do: another worker may have it open for long.
    """
    with another_session() as other:
        (xid,) = other.execute("SELECT pg_current_xact_id()::text").fetchone()
    return xid


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
