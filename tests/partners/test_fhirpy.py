"""fhirpy, unchanged and over HTTP, finds a slot, books it and moves the appointment."""

from datetime import timedelta

import pytest
from django.utils import timezone
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome

from booking.models import Appointment
from partners.domain import tokens
from partners.domain.scopes import SCOPES
from tests.factories import make_agenda, make_credential, make_grant, make_opening, make_reason

pytestmark = pytest.mark.django_db(transaction=True)


def test_fhirpy_books_an_appointment(live_server):
    agenda = make_agenda()
    today = timezone.now().date()
    make_opening(
        agenda, make_reason(agenda), starts_on=today + timedelta(days=(7 - today.weekday()) % 7)
    )
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda)
    # It cannot make a proof for each request: a token that opens no identity will do.
    token = tokens.issue(credential=credential, scopes=SCOPES, thumbprint="", now=timezone.now())
    client = SyncFHIRClient(f"{live_server.url}/fhir/r4", authorization=f"Bearer {token}")

    schedule = client.resources("Schedule").first()
    since = timezone.now() + timedelta(days=1)
    slots = client.resources("Slot").search(
        schedule=schedule.to_reference(),
        status="free",
        start__ge=since,
        start__lt=since + timedelta(days=14),
    )
    first, second = slots.fetch()[:2]
    role = client.reference("PractitionerRole", str(agenda.pk))
    patient = client.resource(
        "Patient", name=[{"family": "Onyme", "given": ["Anne"]}], generalPractitioner=[role]
    )
    patient.save()
    given = {
        "status": "proposed",
        "slot": [{"reference": f"Slot/{first['id']}"}],
        "participant": [
            {"actor": {"reference": f"Patient/{patient['id']}"}, "status": "accepted"}
        ],
    }  # fmt: skip
    appointment = client.resource("Appointment", **given)
    appointment.save()
    assert appointment["status"] == "booked"
    assert appointment["start"] == first["start"]
    stored = Appointment.unscoped.get()
    assert str(stored.pk) == appointment["id"]

    with pytest.raises(OperationOutcome, match="booked or held in the meantime"):
        client.resource(
            "Appointment", **{k: v for k, v in given.items() if k != "resourceType"}
        ).save()

    appointment["slot"] = [{"reference": f"Slot/{second['id']}"}]
    del appointment["start"], appointment["end"]
    appointment.save()
    stored.refresh_from_db()
    assert (stored.moves, appointment["start"]) == (1, second["start"])
    read = client.reference("Appointment", appointment["id"]).to_resource()
    assert read["slot"] == appointment["slot"]
