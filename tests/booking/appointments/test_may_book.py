"""Who may book a visit reason online, as booking itself holds to it."""

from datetime import timedelta

import pytest

from booking.appointments.book import NotForThisPatient
from booking.appointments.desk import call
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.patients import patients
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db


def by_practice():
    return By(actor=practice_actor(), channel=Channel.PRACTICE)


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


def test_reasons_for_new_or_known_patients(reason, now):
    reason.patient_kind = "known"
    reason.save()
    patient = make_patient(make_account())
    with pytest.raises(NotForThisPatient):
        booked(reason, now, patient=patient)
    first = booked(reason, now, patient=patient, channel=Channel.PRACTICE)
    assert first.new_patient
    later = NINE + timedelta(minutes=30)
    # The practice took a first visit: whoever comes to it is known once it has begun.
    with pytest.raises(NotForThisPatient):
        booked(reason, now, patient=patient, starts_at=later)
    second = booked(reason, NINE, patient=patient, starts_at=later)
    assert not second.new_patient


def test_who_calls_for_the_first_time_is_new_to_the_practice(reason, now):
    caller = patients.Identity(first_name="Anne", last_name="Onyme", birth_date=None)
    values = {
        "visit_reason": reason,
        "by": by_practice(),
        "now": now,
    }
    first = call.book_for_caller(caller=caller, starts_at=NINE, **values)
    again = call.book_for_caller(
        caller=first.patient, starts_at=NINE + timedelta(hours=1), **values
    )
    assert (first.new_patient, again.new_patient) == (True, False)


def test_who_did_not_come_too_often_books_by_telephone(reason, now):
    practice, patient = reason.agenda.practice, make_patient(make_account())
    other = make_reason(make_agenda())
    for weeks, of, status in (
        (1, reason, "no_show"),
        (60, reason, "no_show"),
        (2, other, "no_show"),
        (3, reason, "seen"),
    ):
        row = booked(
            of, now, starts_at=now - timedelta(weeks=weeks), patient=patient,
            channel=Channel.PRACTICE, anywhere=True,
        )  # fmt: skip
        Appointment.unscoped.filter(pk=row.pk).update(status=status)
    booked(reason, now, patient=patient)
    practice.no_shows_at_most = 2
    practice.save()
    reason.refresh_from_db()
    booked(reason, now, starts_at=NINE + timedelta(minutes=30), patient=patient)
    practice.no_shows_at_most = 1
    practice.save()
    reason = type(reason).objects.get(pk=reason.pk)
    before = Taken.objects.count()
    with pytest.raises(NotForThisPatient, match="par téléphone"):
        booked(reason, now, starts_at=NINE + timedelta(hours=1), patient=patient)
    assert Taken.objects.count() == before
    # The practice itself may, and who came may.
    booked(
        reason, now, starts_at=NINE + timedelta(hours=1), patient=patient, channel=Channel.PRACTICE
    )
    booked(reason, now, starts_at=NINE + timedelta(minutes=90))
