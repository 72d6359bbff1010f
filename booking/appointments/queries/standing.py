"""How patients stand with a practitioner: known, or held to the practice's rule on absences."""

from datetime import datetime

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from booking.appointments.queries.known import known_to
from booking.models import Appointment, Patient
from booking.models.appointment import Status
from booking.models.patient import Relation
from practitioners.domain.scheduling.rules.eligibility import (
    NO_SHOWS_WITHIN,
    Person,
    is_barred,
)
from practitioners.models import Agenda, Practice


def standing(patients: QuerySet[Patient], *, agenda: Agenda, now: datetime) -> list[Person]:
    """Return each of some patients as the rules of an agenda see them, the oldest file first.

    One query, and nothing is revealed.
    """
    missed = Q(
        appointments__practice=agenda.practice_id,
        appointments__status=Status.NO_SHOW,
        appointments__starts_at__gt=now - NO_SHOWS_WITHIN,
    )
    rows = patients.annotate(
        is_known_there=ExpressionWrapper(known_to(agenda, now=now), output_field=BooleanField()),
        missed_there=Count("appointments", filter=missed),
    )
    practice = agenda.practice
    return [
        Person(
            id=pk,
            is_known=is_known,
            is_barred=is_barred(practice, missed=missed_there),
            is_owner=relation == Relation.SELF,
        )
        for pk, relation, is_known, missed_there in rows.order_by("created_at", "pk").values_list(
            "pk", "relation", "is_known_there", "missed_there"
        )
    ]


def no_shows(practice: Practice, patient: Patient, *, now: datetime) -> int:
    """How often a patient was marked absent at a practice within NO_SHOWS_WITHIN."""
    missed = Appointment.unscoped.filter(
        patient=patient,
        practice=practice,
        status=Status.NO_SHOW,
        starts_at__gt=now - NO_SHOWS_WITHIN,
    )
    return missed.count()
