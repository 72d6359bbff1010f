"""Erasing and exporting reach everything that models declare, of every kind that there is."""

from datetime import timedelta

import pytest
from django.db.models import Q

from audit.models import Entry, SubjectKey
from audit.personal_data import Exported, declared, sealed_fields
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import seal
from booking.accounts import accounts
from booking.accounts.addresses import email_change
from booking.models import (
    Account,
    Appointment,
    Conversation,
    Document,
    Message,
    Patient,
    PatientMerge,
    PracticePatient,
    Questionnaire,
    Reply,
    VideoVisit,
    Wait,
)
from booking.models.message import MessageKind
from booking.outbox import messages
from booking.patients import handover, merging
from booking.rights import erase
from booking.rights.held_data import held_data
from partners.models import Partner, PartnerMember, RegisteredPatient
from practitioners.models import Membership
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_patient,
    practice_actor,
)
from tests.support.merging import world  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(world, now):
    """An account whose only person has something of every kind; nobody has been seen yet."""
    practice, _kept, patient, visit = world
    account = make_account("zoe@exemple.fr")
    seal(account, name="Zoé L.")
    account.save()
    Patient.unscoped.filter(pk=patient.pk).update(account=account, relation="child")
    patient.refresh_from_db()
    handover.offer(
        patient=patient, email="noe@exemple.fr", account=account, actor=practice_actor(), now=now
    )
    email_change.ask(account=account, email="neuf@exemple.fr", actor=practice_actor(), now=now)
    messages.owe_to_account(account=account, kind=MessageKind.PASSKEY, now=now)
    VideoVisit.unscoped.create(appointment=visit, waiting_since=now)
    credential = make_credential("Agenda Plus")
    RegisteredPatient.objects.create(
        credential=credential, practice=practice, patient=patient, created_at=now
    )
    PartnerMember.objects.create(partner=credential.partner, account=account, created_at=now)
    return account, patient, practice


def erase_(account, now):
    return erase.erase_account(account=account, actor=accounts.account_actor(account), now=now)


def held_by(account, now):
    return held_data(account=account, actor=accounts.account_actor(account), now=now)


def sealed_rows(patients):
    """Every sealed text that is left of patients, by model."""
    left = {}
    for model, data in declared():
        names = sealed_fields(model)
        if data.patient and names:
            given = Q()
            for name in names:
                given |= Q(**{f"{name}__isnull": False})
            (path,) = data.patient
            rows = model._base_manager.filter(given, **{f"{path}__in": patients})
            left[model.__name__] = rows.count()
    return left


def test_no_sealed_text_is_left_of_a_patient_whose_file_nobody_must_keep(full, now):
    account, patient, practice = full
    before = sealed_rows([patient.pk])
    assert set(before.values()) == {1}, before
    erase_(account, now)
    assert set(sealed_rows([patient.pk]).values()) == {0}
    assert not SubjectKey.objects.filter(subject_id=patient.pk).exists()
    for model in (Conversation, Document, Questionnaire, Reply, Wait):
        assert not model.unscoped.exists(), model
    assert not PracticePatient.objects.filter(practice=practice, patient=patient).exists()
    # The time that the visit took stays a fact of the agenda.
    assert Appointment.unscoped.filter(patient=patient).count() == 1


def test_software_that_made_a_file_books_for_it_no_more_once_it_is_erased(full, now):
    account, _patient, _practice = full
    erase_(account, now)
    assert not RegisteredPatient.objects.exists()


def test_an_erased_account_acts_for_no_vendor(full, now):
    account, _patient, _practice = full
    erase_(account, now)
    assert not PartnerMember.objects.exists()
    assert Partner.objects.filter(name="Agenda Plus").exists()


def kept_and_merged(world, now):
    practice, kept, other, visit = world
    account = Account.objects.get(pk=kept.account_id)
    row = merging.merge(
        practice=practice, kept=kept, other=other, account=make_account(),
        actor=practice_actor(practice), now=now,
    )  # fmt: skip
    return account, kept, other, visit, row


def test_a_file_that_was_merged_into_an_erased_one_is_erased_with_it(world, now):
    """It holds the same person's name, birth date and telephone."""
    account, kept, other, _visit, _row = kept_and_merged(world, now)
    erase_(account, now)
    assert set(sealed_rows([kept.pk, other.pk]).values()) == {0}
    assert not SubjectKey.objects.filter(subject_id__in=[kept.pk, other.pk]).exists()
    other.refresh_from_db()
    assert (other.last_name_index, other.phone_index) == (None, None)
    entry = Entry.objects.get(action="account-erased")
    assert set(entry.subjects) == {account.pk, kept.pk, other.pk}
    assert entry.details == {"erased": 1, "kept": 0, "cancelled": 1}


@pytest.mark.parametrize("reason", ["parted again", "known elsewhere", "must be kept"])
def test_a_merged_file_that_somebody_still_has_stays(world, now, reason):
    account, _kept, other, visit, row = kept_and_merged(world, now)
    if reason == "parted again":
        merging.separate(row=row, actor=practice_actor(row.practice), now=now)
    elif reason == "known elsewhere":
        PracticePatient.objects.create(practice=make_agenda().practice, patient=other, since=now)
    else:
        at = now - timedelta(days=7)
        Appointment.unscoped.filter(pk=visit.pk).update(
            starts_at=at, ends_at=at + timedelta(minutes=20), status="seen"
        )
    erase_(account, now)
    other.refresh_from_db()
    with reveal([(other, ("last_name",))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        assert plain.text(other, "last_name") == "Lefèvre"


def test_merges_of_merges_are_erased_to_the_last(world, now):
    account, kept, other, _visit, row = kept_and_merged(world, now)
    first = make_patient(practice=row.practice)
    PatientMerge.unscoped.create(
        practice=row.practice, kept=other, other=first, merged_at=now, known_since=now
    )
    PracticePatient.objects.filter(patient=first).delete()
    erase_(account, now)
    assert set(sealed_rows([kept.pk, other.pk, first.pk]).values()) == {0}


def sections_of(held):
    """The lines of each section, those of inner ones together."""
    inner = [
        ("people", "known_to"), ("people", "registered_by"), ("appointments", "video"),
        ("waiting", "offers"),
    ]  # fmt: skip
    found = {name: lines for name, lines in held.items() if isinstance(lines, list)}
    for outer, name in inner:
        found[f"{outer}.{name}"] = [line for each in held[outer] for line in each[name]]
    found["replies"] = [line for each in held["conversations"] for line in each["messages"]]
    return found


def test_everything_that_is_declared_is_exported(full, now):
    account, patient, practice = full
    make_member(practice, role="owner")
    Membership.objects.create(account=account, practice=practice, role="secretary")
    held = held_by(account, now)
    assert (held["account"]["email"], held["account"]["name"]) == ("zoe@exemple.fr", "Zoé L.")
    found = sections_of(held)
    empty = {name for name, lines in found.items() if not lines}
    assert empty == {"concerns", "favourites", "sessions", "passkeys", "waiting.offers"}
    names = {data.export.section for _m, data in declared() if isinstance(data.export, Exported)}
    assert len(names - {"account", "messages"}) == len(found) - len(
        {"messages", "favourites", "sessions", "passkeys", "record", "replies"}
    )
    (visit,) = held["appointments"]
    assert (visit["note"], visit["practice_note"]) == ("Mal au dos", "À revoir")
    assert visit["video"] == [{"waiting_since": now, "started_at": None, "ended_at": None}]
    (offered,) = held["handovers"]
    assert (offered["person"], offered["email"]) == (patient.pk, "noe@exemple.fr")
    (asked,) = held["address_checks"]
    assert (asked["email"], asked["former"]) == ("neuf@exemple.fr", "zoe@exemple.fr")
    (person,) = held["people"]
    assert [each["practice"] for each in person["known_to"]] == [practice.name]
    assert [each["software"] for each in person["registered_by"]] == ["Agenda Plus"]
    assert [each["role"] for each in held["memberships"]] == ["secretary"]
    assert [each["vendor"] for each in held["vendors"]] == ["Agenda Plus"]
    (document,) = held["documents"]
    assert set(document) == {"id", "person", "title", "by", "given_at", "bytes"}
    assert (document["title"], document["by"]) == ("analyse.pdf", "patient")
    (wait,) = held["waiting"]
    assert (wait["practice"], wait["offers"]) == (practice.name, [])


def test_messages_about_the_account_and_a_hand_over_are_exported_too(full, now):
    account, _patient, _practice = full
    kinds = {each["kind"] for each in held_by(account, now)["messages"]}
    assert {"passkey", "handover", "email_change"} <= kinds
    stranger = make_account()
    assert held_by(stranger, now)["messages"] == []
    assert Message.objects.filter(account=account).exists()


def test_nothing_of_another_account_is_exported(full, now):
    _account, patient, _practice = full
    other = make_account()
    own = make_patient(other, first_name="Noé")
    found = sections_of(held_by(other, now))
    assert [each["id"] for each in found.pop("people")] == [own.pk]
    found.pop("record")
    assert not any(found.values())
    assert str(patient.pk) not in str(found)


def test_an_account_without_anybody_has_an_export(now):
    assert held_by(make_account(), now)["people"] == []
