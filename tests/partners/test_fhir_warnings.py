"""FHIR software is warned of a patient's two visits at once, by every route that books or moves."""

from datetime import timedelta

import pytest

from booking.models import Appointment
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
)
from tests.partners.software import KEY, Software
from tests.support.booked import booked as booked_for
from tests.support.fhir import START, SYSTEM, named, parameters, put, valid, wanted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HALF = timedelta(minutes=30)
DAY = timedelta(days=1)
SAME_TIME = ("patient-has-other-visit-then", "The patient has another appointment at the same time")
SAME_DAY = (
    "patient-sees-practitioner-within-a-day",
    "The patient sees the same practitioner twice within a day",
)


def open_reason(practice=None):
    agenda = make_agenda(practice=practice)
    row = make_reason(agenda)
    for n in range(2):
        make_opening(agenda, row, starts_on=START.date() + n * DAY)
    return row


@pytest.fixture
def reason():
    return open_reason()


@pytest.fixture
def beside(reason):
    """Another practitioner of the same practice."""
    return open_reason(reason.agenda.practice)


@pytest.fixture
def patient(reason):
    return make_patient(make_account(), practice=reason.agenda.practice)


@pytest.fixture
def software(reason, beside):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reason.agenda, beside.agenda)
    return Software(credential, root="fhir/r4")


@pytest.fixture(params=["time", "day"])
def other(request, reason, beside, patient, now):
    """What stands already, with the code and the words that warn of it."""
    if request.param == "time":
        return booked_for(beside, now, patient=patient, starts_at=START), SAME_TIME
    return booked_for(reason, now, patient=patient, starts_at=START + DAY - HALF * 46), SAME_DAY


def warned_of(resource, other):
    row, (code, text) = other
    (tag,) = resource["meta"]["tag"]
    assert tag == {
        "system": "urn:doctolib:warning",
        "code": code,
        "display": f"{text}: Appointment/{row.pk}",
    }


def test_a_booking_is_made_and_warned_of(software, reason, patient, other):
    answer = software.post("Appointment", wanted(reason, patient.pk))
    made = valid(answer, 201)
    warned_of(made, other)
    # The warning is of the answer alone: what is stored has none, under the same version.
    read = software.get(f"Appointment/{made['id']}")
    assert "tag" not in valid(read)["meta"]
    assert read["ETag"] == answer["ETag"]


def test_a_conditional_update_that_creates_is_warned_of(software, reason, patient, other):
    body = wanted(reason, patient.pk, **named())
    warned_of(valid(put(software, body, f"{SYSTEM}|A-1"), 201), other)


def test_the_operation_that_books_is_warned_of(software, reason, patient, other):
    bundle = valid(software.post("Appointment/$book", parameters(wanted(reason, patient.pk))))
    outcomes = [e["resource"] for e in bundle["entry"] if e["search"]["mode"] == "outcome"]
    (issue,) = outcomes[0]["issue"]
    row, (_code, text) = other
    assert issue["severity"] == "warning"
    assert issue["diagnostics"] == f"{text}: Appointment/{row.pk}"


def test_a_move_is_warned_of(software, reason, patient, other):
    far = START + 7 * DAY
    made = valid(software.post("Appointment", wanted(reason, patient.pk, far)), 201)
    assert "tag" not in made["meta"]
    body = {name: value for name, value in made.items() if name not in ("start", "end")}
    body |= {"slot": wanted(reason, patient.pk)["slot"]}
    warned_of(valid(software.put(f"Appointment/{made['id']}", body)), other)


def test_a_move_to_a_colleague_at_the_same_hour_is_warned_of(
    software, reason, beside, patient, now
):
    """The hour stays, the practitioner does not: what was not in the way may be now."""
    row = booked_for(beside, now, patient=patient, starts_at=START + 2 * HALF)
    made = valid(software.post("Appointment", wanted(reason, patient.pk)), 201)
    assert "tag" not in made["meta"]
    body = made | {"slot": wanted(beside, patient.pk)["slot"]}
    moved = valid(software.put(f"Appointment/{made['id']}", body))
    warned_of(moved, (row, SAME_DAY))


@pytest.mark.parametrize("change", [{"status": "arrived"}, {}])
def test_what_moves_nothing_warns_of_nothing(
    software, reason, patient, other, change, time_machine
):
    made = valid(software.post("Appointment", wanted(reason, patient.pk)), 201)
    made["meta"].pop("tag")
    time_machine.move_to(START - timedelta(hours=1))
    software = software.renewed()
    updated = valid(software.put(f"Appointment/{made['id']}", made | change))
    assert "tag" not in updated["meta"]


def test_nothing_is_said_of_visits_elsewhere_or_not_granted(reason, patient, now):
    beside, elsewhere = open_reason(reason.agenda.practice), open_reason()
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reason.agenda)
    make_grant(credential, elsewhere.agenda)
    software = Software(credential, root="fhir/r4")
    booked_for(reason, now, patient=patient, starts_at=START + 7 * DAY)
    for each in (beside, elsewhere):
        booked_for(each, now, patient=patient, starts_at=START)
    made = valid(software.post("Appointment", wanted(reason, patient.pk)), 201)
    assert "tag" not in made["meta"]
    assert Appointment.unscoped.count() == 4
