"""Each error of the API is a problem that says what to do (RFC 9457)."""

from functools import partial

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from booking.appointments.book import NotForThisPatient, OutsideOpening, SlotTaken
from booking.appointments.change import MovedMeanwhile, NotActive, NotBegun, NotItsDay
from partners.api.problems import TITLES, problem_handler
from partners.domain.bookings import HoldGone, TooManyHolds
from partners.domain.identifiers import UsedForAnother
from partners.domain.identities import FieldsNotGranted, NotVerified
from practitioners.domain.scheduling.hours.openings import ImportedAbsence, OverlapsOpening
from practitioners.domain.scheduling.reservations.take import (
    NothingFollows,
    OutOfService,
    ResourceTaken,
)
from tests.factories import make_agenda, make_credential, make_grant, make_reason
from tests.support.partner_clients import NOBODY
from tests.support.partner_clients import client as caller_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def credential(agenda):
    credential = make_credential()
    make_grant(credential, agenda)
    return credential


def problem(answer, status, code):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    found = answer.json()
    assert found["type"] == f"urn:doctolib:problem:{code}"
    assert found["title"] == TITLES[code.replace("-", "_")]
    assert found["status"] == status
    assert found["detail"]
    return found


def test_nobody_and_a_bad_token_are_told_to_get_one():
    problem(Client().get("/api/v1/agendas"), 401, "not-authenticated")
    bad = Client(headers={"Authorization": "Bearer x"}).get("/api/v1/agendas")
    assert "Request a new one" in problem(bad, 401, "authentication-failed")["detail"]


def test_a_suspended_credential_is_told_so(credential):
    caller = caller_of(credential)
    credential.suspended_at = timezone.now()
    credential.save()
    problem(caller.get("/api/v1/agendas"), 401, "suspended")


def test_what_is_not_granted_is_named(credential):
    answer = caller_of(credential, "slots:read").get("/api/v1/agendas")
    assert "agendas:read" in problem(answer, 403, "permission-denied")["detail"]


def test_what_is_not_there_and_what_is_anothers_look_alike(credential):
    other = make_reason(make_agenda())
    caller = caller_of(credential)
    answers = [
        problem(caller.get(f"/api/v1/visit-reasons/{pk}/slots"), 404, "not-found")
        for pk in (NOBODY, other.pk)
    ]
    assert answers[0] == answers[1]


def test_each_field_that_is_wrong_is_pointed_at(credential):
    answer = caller_of(credential).get("/api/v1/appointments", {"since": "yesterday"})
    found = problem(answer, 400, "invalid")
    assert [error["pointer"] for error in found["errors"]] == ["/since"]
    assert "RFC 3339" in found["errors"][0]["detail"]


def test_the_wrong_method_is_answered_with_the_right_ones(credential):
    answer = caller_of(credential).delete("/api/v1/agendas")
    problem(answer, 405, "method-not-allowed")
    assert "GET" in answer["Allow"]


def test_errors_within_lists_and_of_the_whole_have_their_pointers():
    from rest_framework.exceptions import ValidationError

    exc = ValidationError({"fields": {"0": ["no"]}, "non_field_errors": ["nothing fits"]})
    data = problem_handler(exc, {}).data
    assert data["errors"] == [
        {"pointer": "/fields/0", "detail": "no"}, {"pointer": "", "detail": "nothing fits"}
    ]  # fmt: skip


def test_djangos_own_refusals_are_problems_and_a_defect_is_not_hidden():
    assert problem_handler(Http404(), {}).data["type"] == "urn:doctolib:problem:not-found"
    assert problem_handler(ZeroDivisionError(), {}) is None


@pytest.mark.parametrize(
    ("refusal", "status", "code", "detail"),
    [
        (SlotTaken, 409, "slot-taken", "The slot was booked or held in the meantime. Request the slots again."),
        (ResourceTaken, 409, "slot-taken",
         "A room or a device that the visit needs is in use. Request the slots again."),
        (OutOfService, 409, "slot-taken",
         "A room or a device that the visit needs is out of service. Request the slots of another"
         " visit reason."),
        (NothingFollows, 409, "slot-taken",
         "There is no free slot for the follow-up visit after this one. Request the slots again."),
        (OutsideOpening, 409, "outside-openings",
         "Request the slots again, or send `outside_openings` if the practice wants to book outside"
         " its opening hours."),
        (NotForThisPatient, 409, "permission-denied", "The visit reason cannot be booked for this patient."),
        (NotItsDay, 409, "not-begun", "A visit can be marked as arrived from its day on."),
        (NotBegun, 409, "not-begun",
         "A visit can be marked as seen or as a no-show only after its start."),
        (NotActive, 409, "not-active", "The appointment is over or cancelled. Book a new one."),
        (MovedMeanwhile, 409, "not-active", "The appointment is over or cancelled. Book a new one."),
        (HoldGone, 409, "hold-gone", "Hold the slot again, or book without a hold."),
        (TooManyHolds, 409, "too-many-holds", "Release some of them, or wait until they expire."),
        (ImportedAbsence, 409, "imported-absence",
         "Change the event in the external calendar."),
        (OverlapsOpening, 409, "overlaps-opening",
         "Choose times at which the practitioner has no other opening."),
        (NotVerified, 403, "permission-denied",
         "The platform's team has not verified your vendor, so it cannot reveal identities."),
        (partial(FieldsNotGranted, ["phone", "email"]), 403, "permission-denied",
         "The practice does not grant you these fields: email, phone."),
        (UsedForAnother, 409, "identifier-used", "The identifier is already used for another appointment."),
    ],
)  # fmt: skip
def test_each_refusal_of_the_domain_has_its_problem(refusal, status, code, detail):
    answer = problem_handler(refusal(), {})
    assert (answer.status_code, answer.data) == (
        status,
        {
            "type": f"urn:doctolib:problem:{code}", "title": TITLES[code.replace("-", "_")],
            "status": status, "detail": detail,
        },
    )  # fmt: skip
