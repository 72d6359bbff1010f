"""Appointments as pages show them, with the names that their readers may see."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment, Patient
from booking.models.appointment import Status
from booking.patients.patients import NAME_FIELDS
from practitioners.models import Agenda

RELATED = (
    "visit_reason",
    "agenda__practitioner",
    "agenda__practice",
    "practice",
    "patient",
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An appointment with its patient's name, and the patient's word where it was asked for."""

    appointment: Appointment
    name: str
    note: str = ""


def with_related() -> QuerySet[Appointment]:
    """Appointments of the active scope, with what pages show of them."""
    found: QuerySet[Appointment] = Appointment.objects.select_related(*RELATED)
    return found


def upcoming(*, now: datetime) -> QuerySet[Appointment]:
    """Appointments to come, soonest first."""
    return (
        with_related()
        .filter(ends_at__gt=now)
        .exclude(status="cancelled")
        .order_by("starts_at", "pk")
    )


def of_other_agendas(rows: Iterable[Patient], *, agendas: Iterable[Agenda]) -> set[uuid.UUID]:
    """Return which of these patients have visits, but none on these agendas.

    Somebody without any visit is nobody's yet, and everybody's who works at the practice.
    """
    ids = {row.pk for row in rows}
    visits = Appointment.objects.filter(patient__in=ids)
    anywhere = set(visits.values_list("patient_id", flat=True))
    here = visits.filter(agenda__in=list(agendas)).values_list("patient_id", flat=True)
    return anywhere - set(here)


COMING_SHOWN = 5


def coming_of(
    patients: Iterable[Patient], *, agendas: Iterable[Agenda], now: datetime
) -> dict[uuid.UUID, list[Appointment]]:
    """Each patient's next visits (at most COMING_SHOWN) on these agendas, soonest first.

    One query for all of the patients. A visit that is over, cancelled or missed is none of them.
    """
    rows = upcoming(now=now).filter(
        patient__in=[each.pk for each in patients],
        agenda__in=[each.pk for each in agendas],
        status__in=[Status.BOOKED, Status.ARRIVED],
    )
    found: dict[uuid.UUID, list[Appointment]] = {}
    for row in rows:
        some = found.setdefault(row.patient_id, [])
        if len(some) < COMING_SHOWN:
            some.append(row)
    return found


def past(*, now: datetime, limit: int = 50) -> QuerySet[Appointment]:
    """Appointments that are over or cancelled, newest first."""
    over = Q(ends_at__lte=now) | Q(status="cancelled")
    return with_related().filter(over).order_by("-starts_at", "pk")[:limit]


def show(
    appointments: list[Appointment],
    *,
    actor: Actor,
    purpose: Purpose,
    with_note: bool = False,
    object_id: uuid.UUID | None = None,
) -> list[Shown]:
    """Reveal the patients' names (and words) of some appointments: one block, one entry."""
    wanted: list[tuple[object, tuple[str, ...]]] = [(a.patient, NAME_FIELDS) for a in appointments]
    if with_note:
        wanted += [(a, ("note",)) for a in appointments]
    with reveal(wanted, actor=actor, purpose=purpose, object_id=object_id) as plain:
        return [
            Shown(
                appointment=a,
                name=plain.joined(a.patient, NAME_FIELDS),
                note=plain.text(a, "note") if with_note else "",
            )
            for a in appointments
        ]
