"""What was read stays on the record, whatever becomes of the transaction in which it was read."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.models import Entry
from audit.record import entries, seal, verify
from audit.vault import keys
from audit.vault.reveal import Purpose, reveal
from booking.actions import APPOINTMENT_BOOKED, LOOKED_UP
from tests.audit.record_fixtures import ACTOR, sql
from tests.factories import make_patient, practice_actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_file(settings, tmp_path):
    settings.RECORD_CHECKPOINT_FILE = tmp_path / "checkpoints.txt"


class Failed(Exception):
    pass


@pytest.fixture
def patient():
    return make_patient()


def read(patient):
    with reveal([(patient, ("phone",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.text(patient, "phone")


def of(patient, action="reveal"):
    """The entries about a patient, as whether each outlived a rollback."""
    found = Entry.objects.filter(subjects__contains=[patient.pk], action=action).order_by("at")
    return [bool(entry.details.get("rolled_back")) for entry in found]


def test_a_failure_after_the_reveal_leaves_its_entry(patient):
    with pytest.raises(Failed), transaction.atomic():
        read(patient)
        raise Failed
    assert of(patient) == [True]
    entry = Entry.objects.get(subjects__contains=[patient.pk], action="reveal")
    assert (entry.fields, entry.purpose) == (["booking_patient.phone"], "care")
    seal.seal_entries(now=timezone.now())
    assert verify.verify().unsealed == 0


def test_what_is_committed_is_there_once(patient):
    with transaction.atomic():
        read(patient)
        with transaction.atomic():
            read(patient)
    read(patient)
    assert of(patient) == [False, False, False]
    # Nothing is owed to a later transaction that fails.
    with pytest.raises(Failed), transaction.atomic():
        raise Failed
    assert of(patient) == [False, False, False]


def test_a_part_that_is_rolled_back_leaves_its_entry_in_the_whole(patient):
    with transaction.atomic():
        with pytest.raises(Failed), transaction.atomic():
            read(patient)
            raise Failed
        assert of(patient) == [True]
    assert of(patient) == [True]


def test_a_part_and_then_the_whole(patient):
    with pytest.raises(Failed), transaction.atomic():
        with pytest.raises(Failed), transaction.atomic():
            read(patient)
            with transaction.atomic(savepoint=False):
                read(patient)
            raise Failed
        read(patient)
        raise Failed
    assert of(patient) == [True, True, True]


def test_a_part_without_a_savepoint_of_its_own(patient):
    with pytest.raises(Failed), transaction.atomic(), transaction.atomic(savepoint=False):
        read(patient)
        raise Failed
    assert of(patient) == [True]


def test_a_rollback_without_an_exception(patient):
    with transaction.atomic():
        read(patient)
        transaction.set_rollback(True)
    assert of(patient) == [True]


def test_a_commit_that_is_refused(patient):
    """A foreign key that is looked at when the transaction ends."""
    with pytest.raises(DatabaseError), transaction.atomic():
        read(patient)
        sql("UPDATE booking_patient SET account_id = gen_random_uuid() WHERE id = %s", [patient.pk])
    assert of(patient) == [True]


def test_an_error_of_the_database_after_the_reveal(patient):
    with pytest.raises(DatabaseError), transaction.atomic():
        read(patient)
        sql("SELECT 1 / 0")
    assert of(patient) == [True]


def test_a_key_service_that_is_away_after_the_entry(patient, monkeypatch):
    def away(_subjects):
        raise Failed

    monkeypatch.setattr(keys, "data_keys", away)
    with pytest.raises(Failed), transaction.atomic():
        read(patient)
    assert of(patient) == [True]


def test_a_connection_that_breaks_in_between_is_made_up_for_by_the_next(patient):
    with pytest.raises(DatabaseError), transaction.atomic():
        read(patient)
        pid = connection.connection.info.backend_pid
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])
        other.close()
        sql("SELECT 1")
    connection.close()
    assert of(patient) == [True]


def test_what_did_not_happen_is_no_entry(patient):
    """Only what was read outlives a rollback: a booking that was undone was never made."""
    with pytest.raises(Failed), transaction.atomic():
        entries.write(APPOINTMENT_BOOKED, actor=ACTOR, subjects=[patient.pk])
        raise Failed
    assert of(patient, "appointment-booked") == []


def test_an_entry_that_comes_back_is_the_one_that_was_promised():
    """Its id was given out: nothing may be found under it but what it stood for."""
    with pytest.raises(Failed), transaction.atomic():
        entry_id = entries.write(
            LOOKED_UP, actor=ACTOR, object_id=uuid.uuid4(), details={"found": "none"},
            outlives_rollback=True,
        )  # fmt: skip
        raise Failed
    assert Entry.objects.get(pk=entry_id).details == {"found": "none", "rolled_back": True}
