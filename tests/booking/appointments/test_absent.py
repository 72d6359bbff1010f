"""Nobody has missed a visit that has not begun, been seen in it or come for it on another day: on
the dashboard, by software, by its rule.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from booking.appointments import change, marking
from booking.appointments.queries.standing import no_shows
from booking.models import Appointment
from booking.models.appointment import Status
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    present,
    verified_client,
)
from tests.partners.software import KEY, Software
from tests.support.booked import booked
from tests.support.forms_on_page import forms_of, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
WORD = "il ne peut pas encore être marqué absent"


@pytest.fixture
def reason():
    row = make_reason(make_agenda())
    make_opening(row.agenda, row)
    return row


@pytest.fixture
def visit(reason, now):
    return booked(reason, now, patient=make_patient(practice=reason.agenda.practice))


@pytest.fixture
def client(reason):
    member = make_member(reason.agenda.practice, role="secretary")
    return verified_client(member.account)


def status_of(visit):
    return Appointment.unscoped.get(pk=visit.pk).status


def page_of(visit):
    return reverse("booking:visit", args=[visit.practice_id, visit.pk])


def marks(client, visit):
    """What the page of a visit offers to say of it, and the form that says it."""
    present(client)
    address = reverse("booking:mark-visit", args=[visit.practice_id, visit.pk])
    form = next((f for f in forms_of(client.get(page_of(visit))) if f.action == address), None)
    return [value for name, value in form.buttons if name == "status"] if form else [], form


def test_the_page_offers_it_once_the_visit_has_begun(client, visit, time_machine):
    time_machine.move_to(visit.starts_at - timedelta(hours=1), tick=False)
    offered, form = marks(client, visit)
    assert offered == ["arrived"]
    # An old page, or a hand that is too quick.
    send(client, form, "", status="no_show")
    assert WORD in client.get(page_of(visit)).content.decode().replace("\xa0", " ")
    assert status_of(visit) == "booked"
    time_machine.move_to(visit.starts_at - timedelta(seconds=5), tick=False)
    present(client)
    for status in ("no_show", "seen"):
        send(client, form, "", status=status)
        assert status_of(visit) == "booked"
    time_machine.move_to(visit.starts_at, tick=False)
    offered, form = marks(client, visit)
    assert offered == ["arrived", "seen", "no_show"]
    send(client, form, "", status="no_show")
    assert status_of(visit) == "no_show"


def test_nobody_arrives_before_the_day(client, visit, time_machine):
    """The day is the practice's: midnight in Paris is 23:00 UTC in winter."""
    assert marks(client, visit) == ([], None)
    for status in ("arrived", "seen"):
        client.post(
            reverse("booking:mark-visit", args=[visit.practice_id, visit.pk]), {"status": status}
        )
        assert status_of(visit) == "booked"
    midnight = datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert midnight < visit.starts_at < midnight + timedelta(days=1)
    time_machine.move_to(midnight - timedelta(seconds=1), tick=False)
    assert marks(client, visit) == ([], None)
    time_machine.move_to(midnight, tick=False)
    offered, form = marks(client, visit)
    assert offered == ["arrived"]
    send(client, form, "", status="arrived")
    assert status_of(visit) == "arrived"
    offered, form = marks(client, visit)
    assert offered == ["arrived", "booked"]
    send(client, form, "", status="booked")
    assert status_of(visit) == "booked"


def test_a_visit_to_come_counts_as_no_absence(visit, now):
    with pytest.raises(change.NotBegun):
        marking.mark(appointment=visit, status=Status.NO_SHOW, actor=practice_actor(), now=now)
    assert no_shows(visit.practice, visit.patient, now=now) == 0


@pytest.mark.parametrize("has_begun", [False, True])
@pytest.mark.parametrize("status", ["no_show", "seen", "arrived"])
def test_software_is_told_that_it_has_not_begun(reason, visit, has_begun, status, time_machine):
    if has_begun:
        time_machine.move_to(visit.starts_at)
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reason.agenda)
    software = Software(credential)
    read = software.get(f"appointments/{visit.pk}")
    answer = software.post(
        f"appointments/{visit.pk}/status", {"status": status}, match=read["ETag"]
    )
    if has_begun:
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    else:
        assert (answer.status_code, status_of(visit)) == (409, "booked")
        assert answer.json()["type"] == "urn:doctolib:problem:not-begun"


@pytest.mark.parametrize("has_begun", [False, True])
@pytest.mark.parametrize("status", ["noshow", "fulfilled", "arrived"])
def test_software_that_speaks_fhir_is_told_too(reason, visit, has_begun, status, time_machine):
    if has_begun:
        time_machine.move_to(visit.starts_at)
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, reason.agenda)
    software = Software(credential, root="fhir/r4")
    read = software.get(f"Appointment/{visit.pk}")
    body = read.json() | {"status": status}
    answer = software.put(f"Appointment/{visit.pk}", body, match=read["ETag"])
    if has_begun:
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    else:
        assert (answer.status_code, status_of(visit)) == (409, "booked")
        (issue,) = answer.json()["issue"]
        assert issue["details"]["coding"][0]["code"] == "not-begun"
