"""No plaintext without a record."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel, acting
from audit.vault.reveal import NotRevealed, Purpose, reveal
from tests.factories import make_account, make_patient, practice_actor

pytestmark = pytest.mark.django_db


def last_reveal():
    return Entry.objects.filter(action="reveal").order_by("-at", "-id").first()


def test_the_entry_says_who_why_and_what_before_anything_opens():
    patient = make_patient()
    actor = Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=make_account().pk)
    with reveal(
        [(patient, ("last_name", "phone"))], actor=actor, purpose=Purpose.CARE, object_id=patient.pk
    ):
        # Nothing was read yet, and the entry stands already.
        entry = last_reveal()
    assert entry.actor_id == actor.id
    assert (entry.actor_kind, entry.channel, entry.purpose) == ("account", "dashboard", "care")
    assert entry.subjects == [patient.subject_id]
    assert entry.fields == ["booking_patient.last_name", "booking_patient.phone"]
    assert entry.object_id == patient.pk


def test_one_block_of_many_rows_is_one_entry():
    patients = [make_patient() for _ in range(5)]
    before = Entry.objects.count()
    with reveal(
        [(p, ("last_name",)) for p in patients], actor=practice_actor(), purpose=Purpose.CARE
    ):
        pass
    assert Entry.objects.count() == before + 1
    assert last_reveal().subjects == sorted(p.subject_id for p in patients)


@pytest.mark.django_db(transaction=True)
def test_when_the_record_cannot_be_written_nothing_opens():
    patient = make_patient()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry RENAME TO audit_entry_gone")
    try:
        with (
            pytest.raises(DatabaseError),
            reveal([(patient, ("last_name",))], actor=practice_actor(), purpose=Purpose.CARE),
        ):
            pytest.fail("the block must not begin")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_entry_gone RENAME TO audit_entry")


@pytest.mark.django_db(transaction=True)
def test_the_entry_is_part_of_the_callers_transaction():
    patient = make_patient()
    before = Entry.objects.count()

    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        with reveal([(patient, ("phone",))], actor=practice_actor(), purpose=Purpose.CARE):
            assert Entry.objects.count() == before + 1
        raise Undone
    # Rolled back with it, and there all the same: tests/audit/test_rolled_back.py.
    assert Entry.objects.count() == before + 1
    mine = Entry.objects.filter(subjects__contains=[patient.pk])
    assert mine.latest("at", "id").details["rolled_back"] is True


def test_only_what_was_named_opens():
    patient, other = make_patient(), make_patient()
    with reveal([(patient, ("phone",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.text(patient, "phone") == "+33612345678"
        with pytest.raises(NotRevealed):
            plain.text(patient, "last_name")
        with pytest.raises(NotRevealed):
            plain.text(other, "phone")
    with pytest.raises(NotRevealed, match="has ended"):
        plain.text(patient, "phone")


def test_a_field_that_was_never_given_is_no_reveal():
    patient = make_patient(phone="", email="")
    before = Entry.objects.count()
    wanted = [(patient, ("phone", "email"))]
    with reveal(wanted, actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.text(patient, "phone") == ""
    assert Entry.objects.count() == before


def test_inside_another_block_the_outer_actor_stays():
    patient = make_patient()
    outer = Actor(kind=ActorKind.CREDENTIAL, channel=Channel.API, id=make_account().pk)
    with (
        acting(outer),
        reveal([(patient, ("phone",))], actor=entries.system_actor(), purpose=Purpose.MESSAGE),
    ):
        pass
    entry = last_reveal()
    assert (entry.actor_kind, entry.channel, entry.actor_id) == ("credential", "api", outer.id)
    with reveal([(patient, ("phone",))], actor=entries.system_actor(), purpose=Purpose.MESSAGE):
        pass
    assert last_reveal().actor_kind == "system"


def test_the_texts_do_not_outlive_an_exception():
    patient = make_patient()
    kept = []
    with (
        pytest.raises(ZeroDivisionError),
        reveal([(patient, ("phone",))], actor=practice_actor(), purpose=Purpose.CARE) as plain,
    ):
        kept.append(plain)
        raise ZeroDivisionError
    with pytest.raises(NotRevealed):
        kept[0].text(patient, "phone")
