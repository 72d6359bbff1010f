"""Which patients a practice has seen before: one rule for pages, bookings and waiting lists."""

import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.models.patient import PracticePatient


def known_at(practice_id: uuid.UUID, *, now: datetime) -> Q:
    """Return the condition, on patients, of being known to a practice at an instant.

    The practice has taken the person in itself (at the desk, by import, through its software), or
    a visit there has begun, which was neither cancelled nor missed. Booking online lets a practice
    find its patient, but makes nobody known: that link is as old as the booking that made it.
    """
    visits = Appointment.unscoped.filter(practice=practice_id, patient=OuterRef("pk"))
    came = visits.filter(starts_at__lte=now).exclude(status__in=[Status.CANCELLED, Status.NO_SHOW])
    booked_alone = Appointment.unscoped.filter(
        practice=practice_id,
        patient=OuterRef("patient"),
        channel=Channel.PATIENT,
        created_at=OuterRef("since"),
    )
    taken_in = PracticePatient.objects.filter(
        ~Exists(booked_alone), practice=practice_id, patient=OuterRef("pk")
    )
    return Q(Exists(taken_in) | Exists(came))


def is_known(*, practice_id: uuid.UUID, patient_id: uuid.UUID, now: datetime) -> bool:
    """Whether a patient is known to a practice, in one statement."""
    patients = Patient.unscoped.filter(known_at(practice_id, now=now), pk=patient_id)
    return patients.exists()
