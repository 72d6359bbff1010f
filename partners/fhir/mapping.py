"""Our models as FHIR R4 resources (4.0.1). None of them contains an identity.

Profiles of HL7 France: https://hl7.fr/ig/fhir/core
"""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from audit.ids import read_id
from booking.appointments.several.conflicts import Kind
from booking.models import Appointment, Patient
from booking.models.appointment import Status
from partners.models import DeclaredSchedule
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Agenda, Practice, Practitioner, Taken, VisitReason

NATIONAL_ID = "urn:oid:1.2.250.1.71.4.2.1"
SPECIALTIES = (
    "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
)
VISIT_REASONS = "urn:doctolib:visit-reason"
OUR_IDS = "urn:ietf:rfc:3986"
HOLD_ENDS = "urn:doctolib:fhir:hold-ends"
CANCELLED_LATE = "urn:doctolib:fhir:cancelled-late"
PROFILE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-"
AVAILABILITY = f"{PROFILE}schedule-availability-time"
_SLOT = re.compile(r"([0-9a-f-]{36})\.(\d{8}T\d{4})Z", re.ASCII)
STATUSES = {
    Status.BOOKED: "booked",
    Status.ARRIVED: "arrived",
    Status.SEEN: "fulfilled",
    Status.NO_SHOW: "noshow",
    Status.CANCELLED: "cancelled",
}
# The statuses accepted, and ours for each: a requested appointment is booked immediately.
READ_STATUSES = {text: status for status, text in STATUSES.items()} | {
    "proposed": Status.BOOKED,
    "pending": Status.BOOKED,
    "checked-in": Status.ARRIVED,
}


def reference(kind: str, pk: object) -> dict[str, str]:
    """A reference within this server."""
    return {"reference": f"{kind}/{pk}"}


def practitioner(row: Practitioner) -> dict[str, Any]:
    """A practitioner, as in the public directory."""
    resource: dict[str, Any] = {
        "resourceType": "Practitioner",
        "id": str(row.pk),
        "active": True,
        "name": [{"family": row.last_name, "given": [row.first_name]}],
    }
    if row.title:
        resource["name"][0]["prefix"] = [row.title]
    if row.national_id:
        resource["identifier"] = [{"system": NATIONAL_ID, "value": row.national_id}]
    return resource


def location(row: Practice) -> dict[str, Any]:
    """A practice, as the place where patients are seen."""
    resource: dict[str, Any] = {
        "resourceType": "Location", "id": str(row.pk), "status": "active", "name": row.name,
        "mode": "instance",
    }  # fmt: skip
    parts = {"postalCode": row.postcode, "city": row.town, "country": "FR"}
    address = {name: text for name, text in parts.items() if text}
    if row.address:
        address |= {"line": [row.address]}  # type: ignore[dict-item]
    resource["address"] = address
    if row.phone:
        resource["telecom"] = [{"system": "phone", "value": row.phone}]
    if row.latitude is not None and row.longitude is not None:
        resource["position"] = {"longitude": row.longitude, "latitude": row.latitude}
    return resource


def _specialties(row: Practitioner) -> list[dict[str, Any]]:
    return [
        {"coding": [{"system": SPECIALTIES, "code": s.code, "display": s.name}], "text": s.name}
        for s in row.specialties.all()
    ]


def practitioner_role(row: Agenda) -> dict[str, Any]:
    """One practitioner at one practice."""
    resource = {
        "resourceType": "PractitionerRole",
        "id": str(row.pk),
        "active": True,
        "practitioner": reference("Practitioner", row.practitioner_id),
        "location": [reference("Location", row.practice_id)],
        "specialty": _specialties(row.practitioner),
        "healthcareService": [
            reference("HealthcareService", reason.pk)
            for reason in row.visit_reasons.all()
            if reason.active
        ],
    }
    return {name: value for name, value in resource.items() if value != []}


def _service_type(row: VisitReason) -> dict[str, Any]:
    return {
        "coding": [{"system": VISIT_REASONS, "code": str(row.pk), "display": row.name}],
        "text": row.name,
    }


def healthcare_service(row: VisitReason) -> dict[str, Any]:
    """A visit reason of an agenda."""
    return {
        "resourceType": "HealthcareService",
        "id": str(row.pk),
        "active": row.active,
        "name": row.name,
        "type": [_service_type(row)],
        "location": [reference("Location", row.agenda.practice_id)],
        "appointmentRequired": True,
    }


def schedule(row: Agenda, *, now: datetime) -> dict[str, Any]:
    """An agenda, with the duration of each visit reason."""
    reasons = [reason for reason in row.visit_reasons.all() if reason.active]
    days = max((reason.horizon_days for reason in reasons), default=0)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    resource: dict[str, Any] = {
        "resourceType": "Schedule",
        "id": str(row.pk),
        "active": row.active,
        "specialty": _specialties(row.practitioner),
        "actor": [
            reference("PractitionerRole", row.pk),
            reference("Practitioner", row.practitioner_id),
            reference("Location", row.practice_id),
        ],
        "planningHorizon": {"start": midnight, "end": midnight + timedelta(days=days + 1)},
        "extension": [
            {
                "url": f"{PROFILE}service-type-duration",
                "extension": [
                    {"url": "serviceType", "valueCodeableConcept": _service_type(reason)},
                    {
                        "url": "duration",
                        "valueDuration": {
                            "value": reason.duration_minutes,
                            "unit": "min",
                            "system": "http://unitsofmeasure.org",
                            "code": "min",
                        },
                    },
                ],
            }
            for reason in reasons
        ],
    }
    return {name: value for name, value in resource.items() if value != []}


def declared_schedule(row: DeclaredSchedule) -> dict[str, Any]:
    """A schedule as software has declared it."""
    resource: dict[str, Any] = {
        "resourceType": "Schedule",
        "id": str(row.pk),
        "active": True,
        "identifier": row.identifiers,
        "actor": [
            reference("PractitionerRole", row.agenda_id),
            reference("Practitioner", row.agenda.practitioner_id),
            reference("Location", row.agenda.practice_id),
        ],
        "extension": row.times,
    }
    return {name: value for name, value in resource.items() if value != []}


def availability_as_shown(entry: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a declared time: nothing in which somebody may have written a name."""
    kept = ("type", "rrule", "start", "end", "identifier", "created", "priority")
    parts = [each for each in entry.get("extension") or () if each.get("url") in kept]
    return {"url": AVAILABILITY, "extension": parts}


def identifiers_as_shown(given: dict[str, Any]) -> list[dict[str, str]]:
    """The system and value of each identifier."""
    return [
        {name: str(each[name]) for name in ("system", "value") if name in each}
        for each in given.get("identifier") or ()
    ]


def slot_id(reason_id: uuid.UUID, starts_at: datetime) -> str:
    """The id of a slot, made of its visit reason and its start."""
    return f"{reason_id}.{starts_at.astimezone(UTC):%Y%m%dT%H%M}Z"


def read_slot_id(text: str) -> tuple[uuid.UUID, datetime] | None:
    """The visit reason's id and the start in a slot's id; None for any other text."""
    found = _SLOT.fullmatch(text)
    pk = read_id(found[1]) if found else None
    if found is None or pk is None:
        return None
    at = read_instant(f"{found[2]}Z")
    return None if at is None else (pk, at)


def free_slot(reason: VisitReason, row: Slot) -> dict[str, Any]:
    """A free slot."""
    return slot(reason, row.starts_at, row.ends_at, status="free")


def slot(
    reason: VisitReason, starts_at: datetime, ends_at: datetime, *, status: str
) -> dict[str, Any]:
    """A slot of a visit reason."""
    ident = slot_id(reason.pk, starts_at)
    return {
        "resourceType": "Slot",
        "id": ident,
        "identifier": [{"system": "urn:doctolib:slot", "value": ident}],
        "schedule": reference("Schedule", reason.agenda_id),
        "serviceType": [_service_type(reason)],
        "status": status,
        "start": starts_at,
        "end": ends_at,
    }


def taken_slot(row: Taken) -> dict[str, Any]:
    """A reservation as a busy slot, buffers included, without saying for whom."""
    ident = f"taken.{row.pk}"
    return {
        "resourceType": "Slot",
        "id": ident,
        "identifier": [{"system": "urn:doctolib:slot", "value": ident}],
        "schedule": reference("Schedule", row.agenda_id),
        "status": "busy" if row.hold_until is None else "busy-tentative",
        "start": row.period.lower,
        "end": row.period.upper,
    }


WARNING_SYSTEM = "urn:doctolib:warning"
WARNING_TEXTS = {
    Kind.SAME_TIME: "The patient has another appointment at the same time",
    Kind.SAME_PRACTITIONER: "The patient sees the same practitioner twice within a day",
}


def appointment(row: Appointment) -> dict[str, Any]:
    """An appointment, its patient by id only, with the credential's `own_identifiers`."""
    own = [
        {"system": each.system, "value": each.value} if each.system else {"value": each.value}
        for each in row.own_identifiers.all()
    ]
    agenda, reason = row.visit_reason.agenda, row.visit_reason
    actors = [
        reference("Patient", row.patient_id),
        reference("PractitionerRole", agenda.pk),
        reference("Practitioner", agenda.practitioner_id),
        reference("Location", agenda.practice_id),
    ]
    status = STATUSES[Status(row.status)]
    late = [{"url": CANCELLED_LATE, "valueBoolean": True}] if row.cancelled_late else []
    return {
        "resourceType": "Appointment",
        "id": str(row.pk),
        "identifier": [{"system": OUR_IDS, "value": f"urn:uuid:{row.pk}"}, *own],
        "status": status,
        "serviceType": [_service_type(reason)],
        "description": reason.name,
        "start": row.starts_at,
        "end": row.ends_at,
        "minutesDuration": int((row.ends_at - row.starts_at).total_seconds() // 60),
        "slot": [reference("Slot", slot_id(reason.pk, row.starts_at))],
        "created": row.created_at,
        "participant": [
            {"actor": actor, "status": "declined" if status == "cancelled" else "accepted"}
            for actor in actors
        ],
        **({"extension": late} if late else {}),
    }


def held(row: Taken, reason: VisitReason, *, starts_at: datetime) -> dict[str, Any]:
    """A hold, as the appointment that it may become."""
    ends_at = starts_at + timedelta(minutes=reason.duration_minutes)
    return {
        "resourceType": "Appointment",
        "id": str(row.pk),
        "status": "pending",
        "serviceType": [_service_type(reason)],
        "start": starts_at,
        "end": ends_at,
        "slot": [reference("Slot", slot_id(reason.pk, starts_at))],
        "participant": [
            {"actor": reference("PractitionerRole", reason.agenda_id), "status": "tentative"}
        ],
        "extension": [{"url": HOLD_ENDS, "valueInstant": row.hold_until}],
    }


def patient(row: Patient) -> dict[str, Any]:
    """A patient: only an id. The API's reveal route returns the identity, one at a time."""
    return {
        "resourceType": "Patient",
        "id": str(row.pk),
        "active": True,
        "name": [
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                        "valueCode": "masked",
                    }
                ]
            }
        ],
    }
