"""Which patients have been seen before: by a practitioner, and at a practice.

`known_to` decides who may book what, as the pages ask it ("par ce praticien"); `known_at` decides
which patients of a practice are counted as new.
"""

import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.models.patient import PracticePatient
from practitioners.models import Agenda


def known_at(practice_id: uuid.UUID, *, now: datetime) -> Q:
    """Return the condition, on patients, of being known to a practice at an instant.

    The practice has taken the person in itself (at the desk, by import, through its software), or
    a visit there has begun, which was neither cancelled nor missed. Booking online lets a practice
    find its patient, but makes nobody known: that link is as old as the booking that made it.
    """
    visits = Appointment.unscoped.filter(practice=practice_id, patient=OuterRef("pk"))
    return Q(_is_taken_in(practice_id)) | _came(visits, now=now)


def known_to(agenda: Agenda, *, now: datetime) -> Q:
    """Return the condition, on patients, of being known to an agenda's practitioner at an instant.

    A visit with the practitioner has begun, at whichever practice, and was neither cancelled nor
    missed. A person whom the practice has taken in itself counts too where it has no other
    practitioner, else if it has put them down with this one: of its other patients nobody but
    themselves can say whom they have been to. Who comes for the first time is known once that
    visit has begun, though the practice itself took the booking.
    """
    visits = Appointment.unscoped.filter(
        agenda__practitioner=agenda.practitioner_id, patient=OuterRef("pk")
    )
    others = Agenda.objects.filter(practice=agenda.practice_id).exclude(
        practitioner=agenda.practitioner_id
    )
    put_down = (
        Appointment.unscoped.filter(agenda=agenda, patient=OuterRef("pk"))
        .exclude(channel=Channel.PATIENT)
        .exclude(status__in=[Status.CANCELLED, Status.NO_SHOW])
        .exclude(new_patient=True)
    )
    is_own = Q(_is_taken_in(agenda.practice_id, by_first_visit=False))
    is_own &= ~Q(Exists(others)) | Q(Exists(put_down))
    return is_own | _came(visits, now=now)


def is_known_at(*, practice_id: uuid.UUID, patient_id: uuid.UUID, now: datetime) -> bool:
    """Whether a patient is known to a practice, in one statement."""
    patients = Patient.unscoped.filter(known_at(practice_id, now=now), pk=patient_id)
    return patients.exists()


def is_known_to(agenda: Agenda, *, patient_id: uuid.UUID, now: datetime) -> bool:
    """Whether a patient is known to an agenda's practitioner, in one statement."""
    return Patient.unscoped.filter(known_to(agenda, now=now), pk=patient_id).exists()


def _came(visits: QuerySet[Appointment], *, now: datetime) -> Q:
    """Whether one of a patient's visits has begun, and was neither cancelled nor missed."""
    begun = visits.filter(starts_at__lte=now)
    return Q(Exists(begun.exclude(status__in=[Status.CANCELLED, Status.NO_SHOW])))


def _is_taken_in(practice_id: uuid.UUID, *, by_first_visit: bool = True) -> Exists:
    """Whether a practice has a patient's file by its own doing, not by a booking online alone.

    Without `by_first_visit`, nor by the booking of a first visit that it took itself.
    """
    alone = Q(channel=Channel.PATIENT)
    if not by_first_visit:
        alone |= Q(new_patient=True)
    booked_alone = Appointment.unscoped.filter(
        alone, practice=practice_id, patient=OuterRef("patient"), created_at=OuterRef("since")
    )
    return Exists(
        PracticePatient.objects.filter(
            ~Exists(booked_alone), practice=practice_id, patient=OuterRef("pk")
        )
    )
