"""Booking an appointment: one transaction that takes the time, records it and owes messages."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from audit.record import entries
from audit.vault.sealing import seal
from booking import actions
from booking.appointments.desk import unusual
from booking.appointments.may_book import NotForThisPatient, check_booking
from booking.appointments.news import owed
from booking.appointments.queries.known import is_known_at
from booking.appointments.several import conflicts
from booking.appointments.several.conflicts import AlsoBooked
from booking.appointments.values import AT_ONCE, USUAL, By, Conditions, Telling
from booking.models import Appointment, Patient
from booking.patients import patients
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.domain.scheduling.reservations.resources import mark_stale_with
from practitioners.domain.scheduling.reservations.take import OutsideOpening, SlotTaken
from practitioners.models import VisitReason

__all__ = [
    "AlsoBooked",
    "HeldSlot",
    "NotForThisPatient",
    "OutsideOpening",
    "SlotTaken",
    "book",
]


@dataclass(frozen=True, kw_only=True)
class HeldSlot:
    """The hold that the booking session has on the slot."""

    id: uuid.UUID
    key: str


@transaction.atomic
def book(
    *,
    visit_reason: VisitReason,
    starts_at: datetime,
    patient: Patient,
    by: By,
    now: datetime,
    conditions: Conditions = USUAL,
    telling: Telling = AT_ONCE,
    held: HeldSlot | None = None,
    note: str = "",
    series: uuid.UUID | None = None,
) -> Appointment:
    """Book a slot for a patient.

    One transaction: the time is taken (a hold of this session becomes the appointment's time;
    without one, or when it has expired, the slot is taken afresh), an entry is written, the
    confirmation and the reminders are owed. With `series` it is one of several, whose confirmation
    the caller owes (booking/appointments/several/series.py).

    Where the visit reason is followed by another, that visit is booked with it, both or neither,
    unless the conditions say `alone`.

    Raises SlotTaken, OutsideOpening, NotForThisPatient, UnusualTime, AlsoBooked.
    """
    take.queue_for(visit_reason)
    if by.is_patient:
        check_booking(
            visit_reason=visit_reason, patient=patient, says_known=conditions.says_known, now=now
        )
    new_patient = _is_new(visit_reason, patient, conditions, now=now)
    # Undone with everything else if the booking is refused.
    patients.make_known(
        practice_id=visit_reason.agenda.practice_id, patient_id=patient.pk, since=now
    )
    taken_id, ends_at = _take(
        visit_reason, starts_at, held=held, now=now, online=by.is_patient, conditions=conditions
    )
    if conditions.asks_about_time:
        unusual.check(visit_reason=visit_reason, starts_at=starts_at, now=now)
    appointment = _enter(
        visit_reason=visit_reason,
        time=(taken_id, starts_at, ends_at),
        patient=patient,
        by=by,
        now=now,
        new_patient=new_patient,
        series=series,
        note=note,
    )
    owed.owe_for_booking(
        appointment=appointment, now=now, is_confirmed=telling.is_told or series is not None
    )
    made = [appointment]
    if visit_reason.then_id is not None and not conditions.alone:
        made.append(_book_following(appointment, held=held, by=by, now=now))
    if conditions.heeding is not None:
        conflicts.check(appointments=made, seen=conditions.heeding)
    return appointment


def _is_new(
    visit_reason: VisitReason, patient: Patient, conditions: Conditions, *, now: datetime
) -> bool:
    """Whether the practice sees the patient for the first time; before the booking makes them its
    own."""
    if conditions.says_known:
        return False
    if conditions.is_new is not None:
        return conditions.is_new
    practice_id = visit_reason.agenda.practice_id
    return not is_known_at(practice_id=practice_id, patient_id=patient.pk, now=now)


def _enter(
    *,
    visit_reason: VisitReason,
    time: tuple[uuid.UUID, datetime, datetime],
    patient: Patient,
    by: By,
    now: datetime,
    new_patient: bool,
    series: uuid.UUID | None = None,
    note: str = "",
    follows: Appointment | None = None,
) -> Appointment:
    """Write the appointment for time that was taken (its id, start and end), with its entry."""
    agenda = visit_reason.agenda
    taken_id, starts_at, ends_at = time
    appointment = Appointment(
        practice=agenda.practice,
        agenda=agenda,
        visit_reason=visit_reason,
        patient=patient,
        taken_id=taken_id,
        starts_at=starts_at,
        ends_at=ends_at,
        channel=by.channel,
        booked_by=by.account,
        new_patient=new_patient,
        series=series,
        follows=follows,
        created_at=now,
    )
    if note:
        seal(appointment, note=note)
    entries.write(
        actions.APPOINTMENT_BOOKED,
        actor=by.actor,
        subjects=[patient.pk],
        practice_id=agenda.practice_id,
        object_id=appointment.pk,
        details={"agenda": agenda.pk, "starts_at": starts_at.isoformat()},
        rows=[appointment],
    )
    transaction.on_commit(partial(mark_stale_with, agenda, visit_reason.needs), robust=True)
    return appointment


def _book_following(
    first: Appointment, *, held: HeldSlot | None, by: By, now: datetime
) -> Appointment:
    """Book the visit that follows: where the session holds it, else as soon as there is a place.

    Everything that the first one's patient hears tells of it too, so it owes nothing itself.
    """
    then, taken_id, starts_at, ends_at = take.take_following(
        visit_reason=first.visit_reason,
        after=first.ends_at,
        now=now,
        key=held.key if held else "",
    )
    return _enter(
        visit_reason=then,
        time=(taken_id, starts_at, ends_at),
        patient=first.patient,
        by=by,
        now=now,
        new_patient=first.new_patient,
        follows=first,
    )


def _take(
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    held: HeldSlot | None,
    now: datetime,
    online: bool,
    conditions: Conditions,
) -> tuple[uuid.UUID, datetime]:
    if held is not None:
        kept = holds.keep_hold(
            hold_id=held.id, key=held.key, now=now, has_uses=bool(visit_reason.needs)
        )
        if kept is not None:
            begins, ends = holds.slot_of(kept, visit_reason)
            if begins == starts_at and kept.visit_reason_id == visit_reason.pk:
                return kept.pk, ends
            holds.release(kept.pk)
    return take.take(
        visit_reason=visit_reason,
        starts_at=starts_at,
        now=now,
        online=online,
        anywhere=conditions.anywhere,
        overbooks=conditions.overbooks and not online,
        minutes=conditions.minutes,
    )
