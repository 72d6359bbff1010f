"""Booking for a patient on the phone."""

from datetime import UTC, datetime

import pytest

from booking.appointments.desk.unusual import mark_of
from booking.models import Appointment, Message, Patient
from booking.models.appointment import Channel
from tests.factories import make_patient
from tests.support.booked import NINE, booked
from tests.support.dashboard import agenda, call, client, reason, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


NEW = {
    "patient": "new",
    "first_name": "Élise",
    "last_name": "Moreau",
    "phone": "06 39 98 00 01",
    "sex": "U",
}


def test_a_known_patient_is_found_and_booked(agenda, reason, client):
    patient = make_patient(practice=agenda.practice)
    page = client.post(url("find-patients", agenda), {"q": "lefevre"}).content.decode()
    assert "31/12/1980" in page
    chosen = f"?patient={patient.pk}"
    assert chosen in page
    page = client.get(url("new-visit", agenda) + chosen).content.decode()
    assert "31/12/1980" in page
    answer = client.post(url("new-visit", agenda), call(reason, patient=patient.pk))
    assert answer.status_code == 302
    appointment = Appointment.unscoped.get()
    assert (appointment.patient, appointment.starts_at) == (patient, NINE)
    assert appointment.channel == Channel.PRACTICE


def test_looking_somebody_up_books_nothing_and_names_nobody_in_the_address(agenda, reason, client):
    make_patient(practice=agenda.practice)
    page = url("new-visit", agenda)
    found = client.post(page, call(reason, q="Lefèvre"), headers={"HX-Request": "true"})
    assert "31/12/1980" in found.content.decode()
    assert "<html" not in found.content.decode()
    found = client.post(page, call(reason, q="Lefèvre", search="1"))
    assert "31/12/1980" in found.content.decode()
    assert not Appointment.unscoped.exists()
    # Addresses end up in logs and histories.
    assert "31/12/1980" not in client.get(page, {"q": "Lefèvre"}).content.decode()
    assert (
        "31/12/1980"
        not in client.get(url("find-patients", agenda), {"q": "Lefèvre"}).content.decode()
    )


def test_a_new_patients_file_is_made_with_the_booking(agenda, reason, client):
    assert client.post(url("new-visit", agenda), call(reason, **NEW)).status_code == 302
    patient = Patient.unscoped.get()
    assert Appointment.unscoped.get().patient == patient
    # No address and no account: the confirmation and the reminders go by text message.
    assert set(Message.objects.values_list("channel", flat=True)) == {"sms"}


def test_when_the_slot_is_gone_nothing_is_lost_and_no_file_is_left(agenda, reason, client, now):
    booked(reason, now)
    answer = client.post(url("new-visit", agenda), call(reason, **NEW))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Ce créneau est déjà pris." in page
    assert 'value="Élise"' in page
    assert Patient.unscoped.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"phone": "12"}, "Ce numéro de téléphone"),
        ({"last_name": ""}, "Ce champ est obligatoire"),
        ({"jour": "31/02/2026"}, "date"),
        ({"heure": "25:00"}, "heure"),
        ({"patient": ""}, "Choisissez un patient"),
        ({"patient": "nonsense"}, "Choisissez un patient"),
        ({"motif": "nonsense"}, "UUID valide"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(agenda, reason, client, changed, words):
    answer = client.post(url("new-visit", agenda), call(reason, **{**NEW, **changed}))
    assert answer.status_code in (200, 409)
    assert words in answer.content.decode()
    assert not Appointment.unscoped.exists()
    assert not Patient.unscoped.exists()


def test_the_practice_may_book_outside_its_openings_and_without_notice(agenda, reason, client):
    reason.minimum_notice_minutes = 10_000
    reason.save()
    patient = make_patient(practice=agenda.practice)
    data = call(reason, patient=patient.pk, jour="2026-11-24", heure="20:15")
    data["heure-voulue"] = mark_of(reason, datetime(2026, 11, 24, 19, 15, tzinfo=UTC))
    assert client.post(url("new-visit", agenda), data).status_code == 302
