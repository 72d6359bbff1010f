"""Booking, holding and registering patients for partner software."""

import secrets
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.record.entries import Actor
from audit.refusal import Refusal
from booking.appointments import book
from booking.appointments.queries.known import is_known_at
from booking.appointments.several.conflicts import Conflict, conflicts_of
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.patients import patients
from partners.domain import scopes
from partners.domain.walls import above_walls
from partners.models import Credential, RegisteredPatient
from partners.queries import granted_appointments
from practitioners.domain.scheduling.reservations import take
from practitioners.models import Practice, Taken, VisitReason

# Slots that one credential may keep from others at once, an agenda: a front desk's worth.
MOST_HOLDS = 20


class TooManyHolds(Refusal):
    """The credential already has the maximum number of holds in the agenda."""

    text = _("Ce logiciel garde déjà trop de créneaux de cet agenda.")
    code = "too_many_holds"


class HoldGone(Refusal):
    """The hold has expired, or was released."""

    text = _("Ce créneau n’est plus gardé.")
    code = "hold_gone"


@transaction.atomic
def register_patient(
    *,
    credential: Credential,
    practice: Practice,
    identity: patients.Identity,
    actor: Actor,
    now: datetime,
) -> Patient:
    """Create a patient's file at a practice; the credential may book for this patient from now
    on.
    """
    patient = _make_file(
        credential=credential, practice=practice, identity=identity, actor=actor, now=now
    )
    patients.make_known(practice_id=practice.pk, patient_id=patient.pk, since=now)
    return patient


def _make_file(
    *,
    credential: Credential,
    practice: Practice,
    identity: patients.Identity,
    actor: Actor,
    now: datetime,
) -> Patient:
    patient = patients.create_patient(identity=identity, actor=actor, now=now)
    # Behind the partner walls the row is what lets the credential see the patient's key.
    RegisteredPatient(
        credential=credential, practice=practice, patient=patient, created_at=now
    ).save(force_insert=True)
    return patient


@transaction.atomic
def book_for_software(
    *,
    credential: Credential,
    visit_reason: VisitReason,
    starts_at: datetime,
    patient: Patient | patients.Identity,
    actor: Actor,
    now: datetime,
    hold: Taken | None = None,
    note: str = "",
    anywhere: bool = False,
) -> Appointment:
    """Book for a known patient, or for a new one whose file is created in the same transaction.

    Raises what `booking.appointments.book.book` raises; then no file is created.
    """
    if isinstance(patient, patients.Identity):
        # `book` makes them known to the practice.
        patient = _make_file(
            credential=credential, practice=visit_reason.agenda.practice, identity=patient,
            actor=actor, now=now,
        )  # fmt: skip
    # Behind the walls software reads neither other agendas nor how a practice came by its patients.
    with above_walls():
        practice_id = visit_reason.agenda.practice_id
        is_known = is_known_at(practice_id=practice_id, patient_id=patient.pk, now=now)
    return book.book(
        visit_reason=visit_reason,
        starts_at=starts_at,
        patient=patient,
        by=By(actor=actor, channel=Channel.PARTNER),
        conditions=Conditions(anywhere=anywhere, is_new=not is_known),
        now=now,
        held=book.HeldSlot(id=hold.pk, key=hold.hold_key) if hold else None,
        note=note,
    )


def in_the_way(*, credential: Credential, appointment: Appointment) -> list[Conflict]:
    """Return the conflicts that software is warned of: other visits of the patient that conflict
    with one, or with its follow-up visit.

    Only visits at the same practice that the credential may read: the patient's other visits
    concern neither the practice nor its software.
    """
    seen = granted_appointments(credential, scope=scopes.APPOINTMENTS_READ)
    own = seen.filter(practice=appointment.practice_id)
    rows = [appointment, *own.filter(follows=appointment.pk).exclude(status=Status.CANCELLED)]
    return [each for row in rows for each in conflicts_of(appointment=row, seen=own)]


def keep_slot(
    *, credential: Credential, visit_reason: VisitReason, starts_at: datetime, now: datetime
) -> tuple[uuid.UUID, datetime]:
    """Hold a slot for the software; return the hold's id and its end.

    Raises TooManyHolds, take.SlotTaken, take.OutsideOpening.
    """
    held = _holds_of(credential, now=now).filter(agenda=visit_reason.agenda_id)
    if held.count() >= MOST_HOLDS:
        raise TooManyHolds
    key = f"{credential.pk.hex}{secrets.token_hex(8)}"
    return take.hold(visit_reason=visit_reason, starts_at=starts_at, key=key, now=now)


def find_hold(*, credential: Credential, hold_id: uuid.UUID, now: datetime) -> Taken:
    """Return an unexpired hold of this credential; raises HoldGone."""
    found = _holds_of(credential, now=now).filter(pk=hold_id).first()
    if found is None:
        raise HoldGone
    return found


def _holds_of(credential: Credential, *, now: datetime) -> QuerySet[Taken]:
    return Taken.objects.filter(hold_key__startswith=credential.pk.hex, hold_until__gt=now)
