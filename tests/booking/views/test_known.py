"""Who counts as known to a practice, and what a page says of a reason that is closed to somebody."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.record.entries import system_actor
from booking.domain import waiting
from booking.domain.book import NotForThisPatient
from booking.domain.change import cancel
from booking.models import Appointment, Patient, PracticePatient
from booking.models.appointment import Channel, Status
from booking.queries.standing import standing
from practitioners.domain.eligibility import Restriction
from tests.booking.test_book import booked
from tests.booking.views.test_restrictions import (
    HALF,
    NINE,
    QUESTION,
    client_of,
    hold,
    motifs,
    nothing_held,
    page,
    reason_of,
)
from tests.factories import make_account, make_agenda, make_patient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def first(agenda):
    return reason_of(agenda, "Première consultation", patient_kind="new")


@pytest.fixture
def control(agenda):
    return reason_of(agenda, "Suivi", patient_kind="known")


@pytest.fixture
def anyone(agenda):
    return reason_of(agenda, "Consultation")


@pytest.mark.parametrize("suivi", ["", "oui", "non"])
def test_a_first_visit_where_no_new_patient_is_taken_is_nobodys(suivi, agenda, first, control, now):
    agenda.accepts_new_patients = False
    agenda.save()
    url = reverse("practitioners:widget", args=[agenda.practice_id])
    for shown in (
        page(Client(), agenda, suivi=suivi, motif=first.pk),
        Client().get(url, {"suivi": suivi, "motif": first.pk}),
    ):
        assert "Première consultation" not in motifs(shown)
        # It is not said to be for new patients, of whom none is taken.
        assert (first, Restriction.NO_NEW) in shown.context["closed"]
    assert hold(Client(), first, suivi=suivi)["Location"].startswith("/praticien/")
    assert nothing_held()
    for known in (True, False):
        with pytest.raises(waiting.CannotWait, match="plus de nouveaux patients"):
            waiting.join(
                visit_reason=first, patient=make_patient(), actor=None, now=now, says_known=known
            )


def test_booking_and_cancelling_makes_nobody_known(agenda, first, control, now):
    account = make_account()
    patient = make_patient(account)
    for _again in range(2):
        row = booked(first, now, patient=patient)
        assert row.new_patient
        # Neither a visit to come nor one that was cancelled answers for them.
        for _state in range(2):
            shown = page(client_of(account), agenda)
            assert QUESTION in shown.content.decode()
            assert motifs(shown) == ["Première consultation", "Suivi"]
            with pytest.raises(NotForThisPatient):
                booked(control, now, patient=patient, starts_at=NINE + HALF)
            if row.status != Status.CANCELLED:
                row = cancel(
                    appointment=row, actor=system_actor(), channel=Channel.PATIENT, now=now
                )
    # The practice still finds its patient.
    assert PracticePatient.objects.filter(practice=agenda.practice, patient=patient).exists()


@pytest.mark.parametrize(
    ("status", "is_known"),
    [("booked", True), ("arrived", True), ("seen", True), ("no_show", False)],
)
def test_a_visit_that_has_begun_makes_its_patient_known(status, is_known, agenda, first, now):
    row = booked(first, now, patient=make_patient(make_account()))
    Appointment.unscoped.filter(pk=row.pk).update(status=status)
    patients = Patient.unscoped.filter(pk=row.patient_id)
    for at, expected in ((NINE - HALF, False), (NINE, is_known)):
        (person,) = standing(patients, practice=agenda.practice, now=at)
        assert person.is_known is expected


def test_whom_a_practice_takes_in_is_known_to_it(agenda, first, control, now):
    registered = make_patient(make_account(), practice=agenda.practice)
    called = booked(first, now, channel=Channel.PRACTICE, starts_at=NINE + HALF).patient
    for patient in (registered, called):
        with CaptureQueriesContext(connection) as statements:
            (person,) = standing(
                Patient.unscoped.filter(pk=patient.pk), practice=agenda.practice, now=now
            )
        assert person.is_known and len(statements) == 1
    assert not booked(control, now, patient=registered).new_patient


def test_a_reason_that_was_asked_for_and_is_refused_is_named(agenda, first, control, anyone):
    url = reverse("practitioners:widget", args=[agenda.practice_id])
    asked = {"suivi": "oui", "motif": first.pk}
    for shown in (page(Client(), agenda, **asked), Client().get(url, asked)):
        text = shown.content.decode()
        assert "« Première consultation »" in text.replace("\u00a0", " ")
        assert text.count("Ce motif est réservé aux nouveaux patients.") == 1
        assert shown.context["chosen"] == anyone
    shown = page(Client(), agenda, suivi="oui", motif=control.pk)
    assert shown.context["refused"] is None
