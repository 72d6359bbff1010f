"""No plaintext without a record."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel, Origin, acting
from audit.vault.guard import opens, register_guard
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
    outer = Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=make_account().pk)
    with (
        acting(outer),
        reveal([(patient, ("phone",))], actor=entries.system_actor(), purpose=Purpose.MESSAGE),
    ):
        pass
    entry = last_reveal()
    assert (entry.actor_kind, entry.channel, entry.actor_id) == ("account", "web", outer.id)
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


ORIGIN = Origin(network="203.0.113.0/24", key="k", token="t")
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def guard(monkeypatch):
    """What guards the reveals of the shell, which has no guard of its own."""
    calls = []

    def guarding(reading):
        calls.append(reading)
        if reading.purpose == Purpose.LEGAL:
            raise PermissionError
        return opens(judged=True)

    monkeypatch.setattr("audit.vault.guard._guards", {})
    register_guard(Channel.SHELL, guarding)
    return calls


def test_the_entry_says_what_else_there_is_to_say_and_when(guard):
    patient = make_patient(email="")
    actor = Actor(kind=ActorKind.SYSTEM, channel=Channel.SHELL, origin=ORIGIN)
    details = {"search": True, "key": "of the caller"}
    with reveal(
        [(patient, ("phone", "email", "last_name")), (None, ("phone",))],
        actor=actor, purpose=Purpose.SUPPORT, details=details, at=AT,
    ):  # fmt: skip
        pass
    said = {"search": True, "network": "203.0.113.0/24", "key": "k", "token": "t"}
    entry = last_reveal()
    assert (entry.details, entry.at) == (said | {"judged": True}, AT)
    (given,) = guard
    assert (given.actor, given.purpose, given.at, given.about) == (actor, Purpose.SUPPORT, AT, None)
    assert given.pairs == [(patient, "phone"), (patient, "last_name")]
    assert said.items() <= given.details.items()
    assert details == {"search": True, "key": "of the caller"}


def test_what_a_guard_refuses_does_not_open(guard):
    patient = make_patient()
    before = Entry.objects.count()
    actor = entries.system_actor(Channel.SHELL)
    with (
        pytest.raises(PermissionError),
        reveal([(patient, ("phone",))], actor=actor, purpose=Purpose.LEGAL),
    ):
        pytest.fail("the block must not begin")
    assert Entry.objects.count() == before
    # It is asked for its own channel alone, and where there is something to open.
    with reveal([(patient, ("phone",))], actor=entries.system_actor(), purpose=Purpose.LEGAL):
        pass
    with reveal([(patient, ())], actor=actor, purpose=Purpose.LEGAL):
        pass
    assert len(guard) == 1


def test_an_origin_that_is_not_known_is_not_said():
    with reveal(
        [(make_patient(), ("phone",))], actor=entries.system_actor(), purpose=Purpose.MESSAGE
    ):
        pass
    assert last_reveal().details == {}


def test_texts_that_are_there_are_joined():
    patient = make_patient(first_name="Zoé", last_name="Lefèvre", email="")
    names = ("first_name", "email", "last_name")
    with reveal([(patient, names)], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.joined(patient, names) == "Zoé Lefèvre"
        assert plain.joined(patient, ["email"]) == ""
        with pytest.raises(NotRevealed, match=r"^booking_patient.phone of this row is not part of"):
            plain.joined(patient, ["phone"])
    with pytest.raises(NotRevealed, match=r"^The reveal block has ended.$"):
        plain.joined(patient, names)


def test_a_reason_is_written_as_a_word():
    assert [each.value for each in Purpose] == [
        "own-data", "care", "booking", "message", "support", "account", "legal",
    ]  # fmt: skip
