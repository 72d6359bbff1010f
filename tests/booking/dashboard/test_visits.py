"""What the practice does with a visit: move, cancel, mark it, note something."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from booking.appointments.desk.unusual import mark_of
from booking.appointments.former_time import UNDO
from booking.models import Appointment, Message
from practitioners.domain.scheduling.availability import free_slots
from tests.factories import make_account, make_patient, present
from tests.support.booked import NINE, booked
from tests.support.dashboard import agenda, client, reason, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_a_visit_is_moved_to_any_time_and_the_patient_told(agenda, reason, client, now):
    appointment = booked(reason, now)
    Message.objects.all().delete()
    page = url("move-visit", agenda, appointment.pk)
    data = {"motif": reason.pk, "jour": "2026-12-01", "heure": "18:40"}
    data["heure-voulue"] = mark_of(reason, datetime(2026, 12, 1, 17, 40, tzinfo=UTC))
    assert client.post(page, data).status_code == 302
    appointment.refresh_from_db()
    assert appointment.starts_at == datetime(2026, 12, 1, 17, 40, tzinfo=UTC)
    assert "change" in Message.objects.values_list("kind", flat=True)
    assert Entry.objects.filter(action="appointment-moved").exists()


def test_a_move_onto_taken_time_is_refused_and_changes_nothing(agenda, reason, client, now):
    first = booked(reason, now)
    second = booked(reason, now, starts_at=NINE + timedelta(minutes=30))
    page = url("move-visit", agenda, second.pk)
    answer = client.post(page, {"debut": first.starts_at.isoformat()})
    assert answer.status_code == 409
    second.refresh_from_db()
    assert second.starts_at == NINE + timedelta(minutes=30)
    assert second.taken_id


@pytest.mark.parametrize("status", ["arrived", "seen", "no_show"])
def test_a_visit_is_marked(agenda, reason, client, now, status, time_machine):
    appointment = booked(reason, now)
    time_machine.move_to(appointment.starts_at)
    present(client).post(url("mark-visit", agenda, appointment.pk), {"status": status})
    appointment.refresh_from_db()
    assert appointment.status == status
    client.post(url("mark-visit", agenda, appointment.pk), {"status": "booked"})
    appointment.refresh_from_db()
    assert appointment.status == "booked"


@pytest.mark.parametrize("status", ["cancelled", "nonsense", ""])
def test_no_other_mark_is_taken(agenda, reason, client, now, status):
    appointment = booked(reason, now)
    answer = client.post(url("mark-visit", agenda, appointment.pk), {"status": status})
    assert answer.status_code == 404


def test_a_cancelled_visit_frees_its_time_and_is_not_marked_any_more(agenda, reason, client, now):
    appointment = booked(reason, now)
    client.post(url("cancel-visit", agenda, appointment.pk))
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"
    # Whoever cancelled can take it back for a moment.
    later = timezone.now() + UNDO
    slots = free_slots(
        visit_reason=reason, since=NINE, until=NINE + timedelta(minutes=1), now=later
    )
    assert [slot.starts_at for slot in slots] == [NINE]
    client.post(url("mark-visit", agenda, appointment.pk), {"status": "seen"})
    appointment.refresh_from_db()
    assert appointment.status == "cancelled"


def test_the_practice_notes_something_for_itself(agenda, reason, client, now):
    patient = make_patient(make_account())
    appointment = booked(reason, now, patient=patient)
    page = url("visit", agenda, appointment.pk)
    client.post(url("note-visit", agenda, appointment.pk), {"text": " Rappeler le labo "})
    assert "Rappeler le labo" in client.get(page).content.decode()
    row = Appointment.unscoped.get(pk=appointment.pk)
    assert row.practice_note is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT practice_note FROM booking_appointment WHERE id = %s", [row.pk])
        assert b"labo" not in bytes(cursor.fetchone()[0])
    assert Entry.objects.filter(action="practice-note-saved", object_id=row.pk).count() == 1
    read = Entry.objects.filter(action="reveal", object_id=row.pk).latest("at")
    assert "booking_appointment.practice_note" in read.fields
    # Not on the patient's own page, and not lost to whoever asks for their data.
    theirs = Client()
    theirs.force_login(patient.account, backend="booking.backends.EmailBackend")
    own = present(theirs).get(reverse("booking:appointment", args=[row.pk])).content.decode()
    assert "labo" not in own
    held = theirs.get(reverse("booking:my-data-file")).json()
    assert [visit["practice_note"] for visit in held["appointments"]] == ["Rappeler le labo"]
    client.post(url("note-visit", agenda, appointment.pk), {"text": ""})
    assert Appointment.unscoped.get(pk=appointment.pk).practice_note is None
    answer = client.post(
        url("note-visit", agenda, appointment.pk), {"text": "a" * 2001}, follow=True
    )
    assert "2000" in answer.content.decode()
    assert Appointment.unscoped.get(pk=appointment.pk).practice_note is None


@pytest.mark.parametrize("status", ["seen", "no_show", "cancelled"])
def test_what_cannot_be_changed_is_not_offered(agenda, reason, client, now, status):
    visit = booked(reason, now)
    change = {"status": status} | (
        {"taken": None, "cancelled_at": now} if status == "cancelled" else {}
    )
    Appointment.unscoped.filter(pk=visit.pk).update(**change)
    page = client.get(url("visit", agenda, visit.pk)).content.decode()
    for name in ("move-visit", "cancel-visit"):
        address = url(name, agenda, visit.pk)
        assert address not in page
        assert client.get(address).status_code == 302
