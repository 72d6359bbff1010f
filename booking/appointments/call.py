"""Booking for somebody on the phone."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from audit.record.entries import Actor
from booking.appointments.book import book
from booking.models import Account, Appointment, Patient
from booking.models.appointment import Channel
from booking.patients import patients
from practitioners.models import VisitReason


@transaction.atomic
def book_for_caller(
    *,
    caller: Patient | patients.Identity,
    visit_reason: VisitReason,
    starts_at: datetime,
    booked_by: Account,
    actor: Actor,
    now: datetime,
    overbooks: bool = False,
    heeding: QuerySet[Appointment] | None = None,
    asks_about_time: bool = False,
) -> Appointment:
    """Book for a known patient, or for somebody whose file is made by the same transaction.

    The practice is bound neither by openings nor by notice, only by taken time, and with
    `overbooks` by that as far as its agenda says. When the slot is
    gone no file is left behind. Raises SlotTaken, and UnusualTime and AlsoBooked as `book` does.
    """
    if isinstance(caller, patients.Identity):
        # `book` makes them known to the practice, and so sees that they are new to it.
        caller = patients.create_patient(identity=caller, actor=actor, now=now)
    return book(
        visit_reason=visit_reason,
        starts_at=starts_at,
        patient=caller,
        booked_by=booked_by,
        actor=actor,
        channel=Channel.PRACTICE,
        now=now,
        anywhere=True,
        overbooks=overbooks,
        heeding=heeding,
        asks_about_time=asks_about_time,
    )
