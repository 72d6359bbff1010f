"""What became of an appointment: arrived, seen or absent, and what the practice notes of it."""

from datetime import datetime

from django.db import transaction

from audit.record import entries
from audit.record.entries import Actor
from audit.vault.sealing import seal
from booking import actions
from booking.appointments.change import NotActive, NotBegun, NotItsDay, locked, touch
from booking.models import Appointment
from booking.models.appointment import Status


def marks(appointment: Appointment, *, now: datetime) -> set[Status]:
    """What can be said of a visit by now, besides that it is booked.

    Somebody may arrive at any hour of the visit's day, by the practice's clock; they are seen, or
    absent, from its beginning on.
    """
    begins, zone = appointment.starts_at, appointment.practice.zone
    possible = set()
    if now.astimezone(zone).date() >= begins.astimezone(zone).date():
        possible.add(Status.ARRIVED)
    if now >= begins:
        possible |= {Status.ARRIVED, Status.SEEN, Status.NO_SHOW}
    return possible


@transaction.atomic
def mark(
    *,
    appointment: Appointment,
    status: Status,
    actor: Actor,
    now: datetime,
    is_witnessed: bool = False,
) -> Appointment:
    """Mark an appointment as arrived, seen, absent, or booked again.

    When it may be: `marks`. `is_witnessed`: the service itself saw the patient, in a video room
    that opens before the hour. Raises NotActive, and NotBegun or NotItsDay of it.
    """
    appointment = locked(appointment)
    if appointment.status == Status.CANCELLED or status == Status.CANCELLED:
        raise NotActive
    if not is_witnessed and status not in {Status.BOOKED, *marks(appointment, now=now)}:
        raise NotItsDay if status == Status.ARRIVED else NotBegun
    former, appointment.status = appointment.status, status
    appointment.save(update_fields=["status"])
    entries.write(
        actions.APPOINTMENT_MARKED,
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former, "to": status},
    )
    touch(appointment)
    return appointment


@transaction.atomic
def note_down(*, appointment: Appointment, text: str, actor: Actor) -> Appointment:
    """Keep what the practice notes of a visit, sealed for its patient; an empty text empties it.

    A patient who asks for their data sees it: so does GDPR article 15.
    """
    appointment = locked(appointment)
    seal(appointment, practice_note=text.strip())
    appointment.save(update_fields=["practice_note"])
    entries.write(
        actions.PRACTICE_NOTE_SAVED,
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
    )
    return appointment
