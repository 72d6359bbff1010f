"""Two files of one person made one at a practice: sealed anew, on the record, and undone."""

import pytest
from django.db import connection
from django.urls import reverse

from audit.models import Entry
from audit.vault.reveal import Purpose, reveal
from booking.exchange import documents
from booking.models import (
    Appointment,
    Document,
    Patient,
    PatientMerge,
    PracticePatient,
    Questionnaire,
    Reply,
    Wait,
)
from booking.models.appointment import Channel
from booking.patients import merging
from booking.patients.merging import CannotMerge
from booking.waiting import waiting
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)
from tests.support.booked import NINE, booked
from tests.support.merging import PDF, world  # noqa: F401

pytestmark = pytest.mark.django_db


def merge(world, now, **changed):
    practice, kept, other, _visit = world
    given = {"practice": practice, "kept": kept, "other": other} | changed
    return merging.merge(account=make_account(), actor=practice_actor(practice), now=now, **given)


def opened(row, *names):
    row.refresh_from_db()
    with reveal([(row, names)], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        return [plain.text(row, name) for name in names]


def everything_of(patient):
    """What hangs on a patient, opened: it opens for nobody else."""
    visit = Appointment.unscoped.get(patient=patient)
    document = Document.unscoped.get(patient=patient)
    (key,) = opened(document, "content_key")
    return [
        *opened(visit, "note", "practice_note"),
        *opened(Questionnaire.unscoped.get(patient_id=patient.pk), "answers"),
        *opened(Reply.unscoped.get(patient_id=patient.pk), "text"),
        *opened(document, "title"),
        b"".join(documents.read(document=document, key=key, first=0, last=document.size - 1)),
        Wait.unscoped.filter(patient=patient).count(),
    ]


def test_everything_goes_to_the_file_that_is_kept_and_comes_back(world, now):
    practice, kept, other, _visit = world
    before = everything_of(other)
    assert before[:2] == ["Mal au dos", "À revoir"] and PDF in before
    row = merge(world, now)
    assert everything_of(kept) == before
    assert not Appointment.unscoped.filter(patient=other).exists()
    assert not PracticePatient.objects.filter(practice=practice, patient=other).exists()
    entry = Entry.objects.get(action="patients-merged")
    assert set(entry.subjects) == {kept.pk, other.pk}
    assert entry.details == {
        "appointments": 1, "questionnaires": 1, "conversations": 1, "replies": 1, "documents": 1,
        "waits": 1,
    }  # fmt: skip
    merging.separate(row=row, actor=practice_actor(practice), now=now)
    assert everything_of(other) == before
    link = PracticePatient.objects.get(practice=practice, patient=other)
    assert link.since == row.known_since
    assert Entry.objects.filter(action="patients-separated").exists()
    with pytest.raises(CannotMerge):
        merging.separate(row=row, actor=practice_actor(practice), now=now)


def test_nothing_of_it_is_ever_open_in_the_database(world, now):
    merge(world, now)
    with connection.cursor() as cursor:
        for table in (
            "booking_appointment",
            "booking_document",
            "booking_reply",
            "booking_patientmerge",
        ):
            cursor.execute(f"SELECT t::text FROM {table} t")
            text = " ".join(row[0] for row in cursor.fetchall())
            assert "Mal au dos" not in text and "analyse" not in text and "Bonjour" not in text


def test_what_another_practice_has_stays(world, now):
    _practice, kept, other, _visit = world
    elsewhere = booked(
        make_reason(make_agenda()),
        now,
        starts_at=NINE,
        patient=other,
        channel=Channel.PRACTICE,
        anywhere=True,
    )
    merge(world, now)
    elsewhere.refresh_from_db()
    assert elsewhere.patient == other
    assert PracticePatient.objects.filter(practice=elsewhere.practice, patient=other).exists()
    assert not PracticePatient.objects.filter(practice=elsewhere.practice, patient=kept).exists()


def test_what_was_booked_since_stays_with_the_file_that_was_kept(world, now):
    practice, kept, _other, visit = world
    row = merge(world, now)
    later = booked(
        visit.visit_reason,
        now,
        starts_at=NINE.replace(hour=9),
        patient=kept,
        channel=Channel.PRACTICE,
    )
    merging.separate(row=row, actor=practice_actor(practice), now=now)
    later.refresh_from_db()
    assert later.patient == kept


def test_nobody_waits_twice_for_the_same(world, now):
    practice, kept, _other, visit = world
    waiting.join(
        visit_reason=visit.visit_reason,
        patient=kept,
        actor=practice_actor(practice),
        now=now,
        first_day=now.date(),
    )
    merge(world, now)
    assert Wait.unscoped.filter(patient=kept, ended_at__isnull=True).count() == 1


def test_what_cannot_be_one(world, now):
    practice, kept, other, _visit = world
    stranger = make_patient(practice=make_agenda().practice)
    for changed, words in (
        ({"other": kept}, "deux fiches différentes"),
        ({"kept": other, "other": kept}, "Gardez la fiche qui a un compte"),
        ({"other": make_patient(make_account(), practice=practice)}, "chacune un compte"),
        ({"other": stranger}, "pas, ou plus, de ce cabinet"),
    ):
        with pytest.raises(CannotMerge, match=words):
            merge(world, now, **changed)
    assert not PatientMerge.unscoped.exists()


def test_a_practice_finds_both_makes_them_one_and_parts_them(world):
    practice, kept, other, _visit = world
    desk = verified_client(make_member(practice, role="practitioner").account)
    page = desk.post(reverse("booking:find-patients", args=[practice.pk]), {"q": "Zoé Lefèvre"})
    assert page.content.decode().count('name="fiche"') == 2
    url = reverse("booking:merge-patients", args=[practice.pk])
    query = f"?fiche={kept.pk}&fiche={other.pk}"
    assert "Garder cette fiche" in desk.get(url + query).content.decode()
    assert desk.post(url + query, {}).status_code == 409
    assert desk.post(url + query, {"garder": other.pk}).status_code == 409
    assert "Choisissez la fiche à garder." in desk.post(url + query, {}).content.decode()
    assert desk.post(url + query, {"garder": kept.pk}).status_code == 302
    # A second tab still shows both.
    late = desk.post(url + query, {"garder": kept.pk}).content.decode()
    assert "Ces deux fiches sont déjà réunies." in late
    assert "Séparer" in late
    assert "Séparer" in desk.get(url).content.decode()
    row = PatientMerge.unscoped.get()
    desk.post(reverse("booking:separate-patients", args=[practice.pk, row.pk]))
    row.refresh_from_db()
    assert row.separated_at is not None
    one = desk.get(f"{url}?fiche={kept.pk}").content.decode()
    assert "Cochez deux fiches" in one
    secretary = verified_client(make_member(practice).account)
    page = secretary.post(
        reverse("booking:find-patients", args=[practice.pk]), {"q": "Zoé Lefèvre"}
    )
    assert 'name="fiche"' not in page.content.decode()
    assert Patient.unscoped.filter(pk=other.pk).exists()
