"""The record is append-only, and stands in monthly partitions made ahead of time."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit.actions import REVEAL
from audit.models import Entry
from audit.record import entries, partitions
from audit.record.entries import system_actor
from audit.tasks import create_record_partitions

pytestmark = pytest.mark.django_db


def partition_of(entry_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM audit_entry WHERE id = %s", [entry_id])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET purpose = 'other'",
        "UPDATE audit_entry SET at = at + interval '1 day'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM {partition}",
        "UPDATE {partition} SET actor_id = NULL",
        "TRUNCATE {partition}",
    ],
)
def test_what_is_written_stays(sql):
    entry_id = entries.write(REVEAL, actor=system_actor(), purpose="care")
    partition = partition_of(entry_id)
    with (
        pytest.raises(DatabaseError, match="the record is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(partition=partition))
    assert Entry.objects.get(id=entry_id).purpose == "care"


def test_the_orm_cannot_change_it_either():
    entry = Entry.objects.get(id=entries.write(REVEAL, actor=system_actor(), purpose="care"))
    entry.purpose = "other"
    for change in (entry.save, entry.delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_partitions_are_made_ahead_and_only_once():
    on = date(2031, 11, 15)
    assert partitions.create_partitions(on=on, count=3) == [
        "audit_entry_2031_11", "audit_entry_2031_12", "audit_entry_2032_01", "audit_entry_2032_02",
    ]  # fmt: skip
    assert partitions.create_partitions(on=on, count=3) == []


def test_entries_stand_in_their_months_partition():
    partitions.create_partitions(on=date(2031, 3, 1), count=1)
    last = entries.write(
        REVEAL, actor=system_actor(), at=datetime(2031, 3, 31, 23, 59, 59, tzinfo=UTC)
    )
    first = entries.write(REVEAL, actor=system_actor(), at=datetime(2031, 4, 1, tzinfo=UTC))
    assert partition_of(last) == "audit_entry_2031_03"
    assert partition_of(first) == "audit_entry_2031_04"


def test_a_month_without_a_partition_stops_no_entry():
    entry_id = entries.write(
        REVEAL, actor=system_actor(), at=datetime(2040, 6, 1, tzinfo=UTC), purpose="care"
    )
    assert partition_of(entry_id) == "audit_entry_default"
    # The month is taken by the default partition now; the rest is still created.
    assert partitions.create_partitions(on=date(2040, 5, 1), count=2) == [
        "audit_entry_2040_05", "audit_entry_2040_07",
    ]  # fmt: skip
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.filter(id=entry_id).update(purpose="x")


def test_the_task_creates_the_months_to_come(time_machine):
    time_machine.move_to(datetime(2035, 1, 31, tzinfo=UTC))
    create_record_partitions(some_newer_argument=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('audit_entry_2035_04') IS NOT NULL")
        assert cursor.fetchone() == (True,)


def test_details_hold_ids_and_counts_in_a_stable_order():
    entry = Entry.objects.get(
        id=entries.write(REVEAL, actor=system_actor(), details={"b": 2, "a": datetime(2026, 1, 1)})
    )
    assert list(entry.details) == ["a", "b"]
