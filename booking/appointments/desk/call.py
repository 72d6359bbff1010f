"""Booking for a patient on the phone."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from booking.appointments.book import book
from booking.appointments.values import USUAL, By, Conditions
from booking.models import Appointment, Patient
from booking.patients import patients
from practitioners.models import VisitReason


@transaction.atomic
def book_for_caller(
    *,
    caller: Patient | patients.Identity,
    visit_reason: VisitReason,
    starts_at: datetime,
    by: By,
    now: datetime,
    conditions: Conditions = USUAL,
) -> Appointment:
    """Book for a known patient, or for a new one whose file is created in the same transaction.

    Opening hours and notice do not apply to the practice, only existing reservations, unless it
    overbooks. If the slot is no longer free, no file is created. Raises SlotTaken, and UnusualTime
    and AlsoBooked as `book` does.
    """
    if isinstance(caller, patients.Identity):
        # `book` makes them known to the practice, and so sees that they are new to it.
        caller = patients.create_patient(identity=caller, actor=by.actor, now=now)
    return book(
        visit_reason=visit_reason,
        starts_at=starts_at,
        patient=caller,
        by=by,
        conditions=replace(conditions, anywhere=True),
        now=now,
    )
