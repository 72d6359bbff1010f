"""Booking an appointment: one transaction that takes the time, records it and owes messages."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.sealing import seal
from booking import actions
from booking.appointments import unusual
from booking.appointments.news import owed
from booking.appointments.queries.known import is_known_at, is_known_to
from booking.appointments.several import conflicts
from booking.appointments.several.conflicts import AlsoBooked
from booking.models import Account, Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.patients import patients
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.reservations.resources import mark_stale_with
from practitioners.domain.scheduling.reservations.take import OutsideOpening, SlotTaken
from practitioners.domain.scheduling.rules import eligibility
from practitioners.models import Practice, VisitReason

A_YEAR = timedelta(days=365)

__all__ = [
    "AlsoBooked",
    "HeldSlot",
    "NotForThisPatient",
    "OutsideOpening",
    "SlotTaken",
    "book",
    "no_shows",
]


class NotForThisPatient(Refusal):
    """The visit reason or the agenda is closed to this patient: new, or already known."""

    text = _("Ce motif n’est pas ouvert à ce patient.")


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
    booked_by: Account | None,
    actor: Actor,
    channel: Channel,
    now: datetime,
    held: HeldSlot | None = None,
    note: str = "",
    says_known: bool = False,
    anywhere: bool = False,
    series: uuid.UUID | None = None,
    overbooks: bool = False,
    minutes: int | None = None,
    is_confirmed: bool = False,
    alone: bool = False,
    heeding: QuerySet[Appointment] | None = None,
    asks_about_time: bool = False,
    is_new: bool | None = None,
) -> Appointment:
    """Book a slot for a patient.

    One transaction: the time is taken (a hold of this session becomes the appointment's time;
    without one, or when it has expired, the slot is taken afresh), an entry is written, the
    confirmation and the reminders are owed. Patients are bound by minimum notice, horizon and who
    may book the reason; a practice (`channel`) is not, and with `anywhere` not by openings.
    `says_known`: the patient has been there before, though not through this platform. With `series`
    it is one of several, whose confirmation the caller owes
    (booking/appointments/several/series.py).

    `overbooks`: a practice takes time that is taken, as often as its agenda allows. `minutes`: how
    long the visit is, where its reason does not say; `is_confirmed`: the patient knows of it.

    Where the visit reason is followed by another, that visit is booked with it, both or neither,
    unless it is booked `alone`.

    `heeding`: the appointments of which whoever books may know; where one of them is the patient's
    and gets in the way (booking/appointments/several/conflicts.py), AlsoBooked asks whether both
    are meant. `asks_about_time`: UnusualTime asks about a time that is over or outside the
    openings. `is_new`: the answer of booking/appointments/queries/known.py, where software may not
    read what it asks.

    Raises SlotTaken, OutsideOpening, NotForThisPatient, UnusualTime, AlsoBooked.
    """
    take.queue_for(visit_reason)
    agenda = visit_reason.agenda
    by_patient = channel == Channel.PATIENT
    if by_patient:
        _check_eligibility(visit_reason, patient, says_known=says_known, now=now)
    if is_new is None:
        is_new = not is_known_at(practice_id=agenda.practice_id, patient_id=patient.pk, now=now)
    # Undone with everything else if the booking is refused.
    patients.make_known(practice_id=agenda.practice_id, patient_id=patient.pk, since=now)
    taken_id, ends_at = _take(
        visit_reason,
        starts_at,
        held=held,
        now=now,
        online=by_patient,
        anywhere=anywhere,
        overbooks=overbooks and not by_patient,
        minutes=minutes,
    )
    if asks_about_time:
        unusual.check(visit_reason=visit_reason, starts_at=starts_at, now=now)
    appointment = _enter(
        visit_reason=visit_reason,
        taken_id=taken_id,
        starts_at=starts_at,
        ends_at=ends_at,
        patient=patient,
        booked_by=booked_by,
        actor=actor,
        channel=channel,
        now=now,
        new_patient=is_new and not says_known,
        series=series,
        note=note,
    )
    owed.owe_for_booking(
        appointment=appointment, now=now, is_confirmed=is_confirmed or series is not None
    )
    made = [appointment]
    if visit_reason.then_id is not None and not alone:
        made.append(_book_following(appointment, held=held, actor=actor, now=now))
    if heeding is not None:
        conflicts.check(appointments=made, seen=heeding)
    return appointment


def _enter(
    *,
    visit_reason: VisitReason,
    taken_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    patient: Patient,
    booked_by: Account | None,
    actor: Actor,
    channel: Channel,
    now: datetime,
    new_patient: bool,
    series: uuid.UUID | None,
    note: str = "",
    follows: Appointment | None = None,
) -> Appointment:
    """Write the appointment for time that was taken, with its entry."""
    agenda = visit_reason.agenda
    appointment = Appointment(
        practice=agenda.practice,
        agenda=agenda,
        visit_reason=visit_reason,
        patient=patient,
        taken_id=taken_id,
        starts_at=starts_at,
        ends_at=ends_at,
        channel=channel,
        booked_by=booked_by,
        new_patient=new_patient,
        series=series,
        follows=follows,
        created_at=now,
    )
    if note:
        seal(appointment, note=note)
    entries.write(
        actions.APPOINTMENT_BOOKED,
        actor=actor,
        subjects=[patient.pk],
        practice_id=agenda.practice_id,
        object_id=appointment.pk,
        details={"agenda": agenda.pk, "starts_at": starts_at.isoformat()},
        rows=[appointment],
    )
    transaction.on_commit(partial(mark_stale_with, agenda, visit_reason.needs), robust=True)
    return appointment


def _book_following(
    first: Appointment, *, held: HeldSlot | None, actor: Actor, now: datetime
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
        taken_id=taken_id,
        starts_at=starts_at,
        ends_at=ends_at,
        patient=first.patient,
        booked_by=first.booked_by,
        actor=actor,
        channel=Channel(first.channel),
        now=now,
        new_patient=first.new_patient,
        series=None,
        follows=first,
    )


def _check_eligibility(
    visit_reason: VisitReason, patient: Patient, *, says_known: bool, now: datetime
) -> None:
    """Hold a booking to the practice's rules on patients: pages have asked before, this is the
    last line. Raises NotForThisPatient, and OutsideOpening for what is not offered online.
    """
    practice = visit_reason.agenda.practice
    missed = no_shows(practice, patient, now=now) if practice.no_shows_at_most else 0
    booker = eligibility.Booker(
        is_known=eligibility.is_restricted([visit_reason])
        and is_known_to(visit_reason.agenda, patient_id=patient.pk, now=now),
        says_known=says_known,
        is_barred=bool(practice.no_shows_at_most) and missed >= practice.no_shows_at_most,
    )
    refused = eligibility.restriction(visit_reason, booker)
    if refused is not None:
        raise NotForThisPatient(refused.text)
    if not (visit_reason.active and visit_reason.agenda.active):
        raise OutsideOpening


def no_shows(practice: Practice, patient: Patient, *, now: datetime) -> int:
    """How often a patient was marked absent at a practice within a year."""
    missed = Appointment.unscoped.filter(
        patient=patient, practice=practice, status=Status.NO_SHOW, starts_at__gt=now - A_YEAR
    )
    return missed.count()


def _take(
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    held: HeldSlot | None,
    now: datetime,
    online: bool,
    anywhere: bool,
    overbooks: bool,
    minutes: int | None,
) -> tuple[uuid.UUID, datetime]:
    if held is not None:
        kept = take.keep_hold(
            hold_id=held.id, key=held.key, now=now, has_uses=bool(visit_reason.needs)
        )
        if kept is not None:
            begins, ends = take.slot_of(kept, visit_reason)
            if begins == starts_at and kept.visit_reason_id == visit_reason.pk:
                return kept.pk, ends
            take.release(kept.pk)
    return take.take(
        visit_reason=visit_reason,
        starts_at=starts_at,
        now=now,
        online=online,
        anywhere=anywhere,
        overbooks=overbooks,
        minutes=minutes,
    )
