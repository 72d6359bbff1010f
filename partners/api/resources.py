"""The JSON of the API's resources. None of them contains an identity."""

from collections.abc import Iterable
from typing import Any

from audit.vault.sealing import Sealed
from booking.appointments.several.conflicts import Conflict, Kind
from booking.models import Appointment, Patient
from partners.domain.identities import OF_PATIENT
from practitioners.models import Absence, Agenda, Opening, Taken, VisitReason

WARNINGS = {
    Kind.SAME_TIME: "patient_has_other_visit_then",
    Kind.SAME_PRACTITIONER: "patient_sees_practitioner_within_a_day",
}


def agenda(row: Agenda) -> dict[str, Any]:
    """An agenda with the visit reasons that may be booked in it."""
    return {
        "id": row.pk,
        "practice": {
            "id": row.practice_id,
            "name": row.practice.name,
            "time_zone": row.practice.time_zone,
        },
        "practitioner": str(row.practitioner),
        "visit_reasons": [visit_reason(r) for r in row.visit_reasons.all() if r.active],
    }


def visit_reason(row: VisitReason) -> dict[str, Any]:
    """A visit reason and its rules."""
    return {
        "id": row.pk,
        "name": row.name,
        "duration_minutes": row.duration_minutes,
        "patients": row.patient_kind,
        "teleconsultation": row.teleconsultation,
    }


def appointment(row: Appointment) -> dict[str, Any]:
    """An appointment, with the ids of its agenda, visit reason and patient."""
    return {
        "id": row.pk,
        "agenda": row.agenda_id,
        "visit_reason": row.visit_reason_id,
        "patient": row.patient_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "status": row.status,
        "new_patient": row.new_patient,
        "cancelled_late": row.cancelled_late,
    }


def warning(found: Conflict) -> dict[str, Any]:
    """Another visit of the patient that may conflict with the one booked or moved."""
    return {"code": WARNINGS[found.kind], "appointment": found.other.pk}


def opening(row: Opening) -> dict[str, Any]:
    """An opening, in the practice's local time."""
    return {
        "id": row.pk,
        "agenda": row.agenda_id,
        "starts_on": row.starts_on,
        "until_date": row.until_date,
        "every_weeks": row.every_weeks,
        "from_time": f"{row.from_time:%H:%M}",
        "until_time": f"{row.until_time:%H:%M}",
        "capacity": row.capacity,
        "slot_minutes": row.slot_minutes,
        "visit_reasons": sorted(reason.pk for reason in row.visit_reasons.all()),
    }


def absence(row: Absence) -> dict[str, Any]:
    """An absence, without its label, which is the practice's own and may contain a name."""
    return {
        "id": row.pk,
        "agenda": row.agenda_id,
        "starts_at": row.starts_at,
        "until": row.until,
    }


def hold(row: Taken) -> dict[str, Any]:
    """A provisional reservation of a slot."""
    return {"id": row.pk, "visit_reason": row.visit_reason_id, "expires_at": row.hold_until}


def patient(row: Patient, *, granted: Iterable[str]) -> dict[str, Any]:
    """A patient's id, and the granted fields that are on file, without their values."""
    return {
        "id": row.pk,
        "on_file": [
            name
            for name in OF_PATIENT
            if name in granted and isinstance(getattr(row, name), Sealed)
        ],
    }
