"""Resources and answers of the FHIR interface."""

from datetime import UTC, datetime

from fhir.resources.R4B import get_fhir_model_class

START = datetime(2026, 11, 30, 8, tzinfo=UTC)


SYSTEM = "urn:agendaplus:rdv"


def valid(answer, status=200):
    """The resource of an answer, which fhir.resources finds valid, with all that it contains."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/fhir+json")
    data = answer.json()
    get_fhir_model_class(data["resourceType"]).model_validate(data)
    return data


def found(answer):
    entries = valid(answer)["entry"]
    return [e["resource"] for e in entries if e["search"]["mode"] == "match"]


def refused(answer, status, code=None):
    data = valid(answer, status)
    assert data["resourceType"] == "OperationOutcome"
    if code:
        assert data["issue"][0]["details"]["coding"][0]["code"] == code
    return data["issue"][0]["diagnostics"]


def slot(reason, starts_at=START):
    return f"Slot/{reason.pk}.{starts_at:%Y%m%dT%H%M}Z"


def wanted(reason, patient, starts_at=START, **more):
    return {
        "resourceType": "Appointment", "status": "proposed",
        "slot": [{"reference": slot(reason, starts_at)}],
        "participant": [
            {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"},
            {"actor": {"reference": f"PractitionerRole/{reason.agenda_id}"},
             "status": "needs-action"},
        ],
    } | more  # fmt: skip


def parameters(resource):
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "appt-resource", "resource": resource}],
    }


def named(value="A-1"):
    return {"identifier": [{"system": SYSTEM, "value": value}]}


def put(software, body, identifier, **headers):
    path = f"Appointment?identifier={identifier}"
    return software.put(path, body, **headers)
