"""Changes of a visit by hand on the agenda: moving it, and making it longer or shorter."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking import actions
from booking.appointments.change import check_active, locked, move, touch
from booking.appointments.former_time import UNDO
from booking.appointments.freed import offer_soon
from booking.appointments.values import By, Conditions, Telling
from booking.models import Appointment
from booking.models.appointment import Channel
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import Agenda, VisitReason

SHORTEST_MINUTES, LONGEST_MINUTES = 5, 480


class CannotResize(Refusal):
    """A place of a session has the session's length, and no visit is unlimited."""

    text = _("La durée de ce rendez-vous ne se change pas.")


class NoSuchReason(Refusal):
    """The other agenda has no visit reason of this name."""

    text = _("L’autre agenda n’a pas ce motif : déplacez-le par la page du rendez-vous.")


@transaction.atomic
def resize(*, appointment: Appointment, minutes: int, actor: Actor, now: datetime) -> Appointment:
    """Make an appointment longer or shorter; its start stays, so its patient hears nothing.

    The next calendar file that they get has the new end, and a higher SEQUENCE.

    Raises SlotTaken, NotActive, CannotResize.
    """
    take.queue_for(appointment.visit_reason)
    appointment = locked(appointment)
    check_active(appointment)
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES or not _is_own_time(appointment):
        raise CannotResize
    former = appointment.ends_at - appointment.starts_at
    if appointment.taken_id is not None:
        holds.release(appointment.taken_id)
    appointment.taken_id, appointment.ends_at = take.take(
        visit_reason=appointment.visit_reason,
        starts_at=appointment.starts_at,
        now=now,
        online=False,
        anywhere=True,
        minutes=minutes,
    )
    appointment.resizes += 1
    appointment.save(update_fields=["taken", "ends_at", "resizes"])
    entries.write(
        actions.APPOINTMENT_RESIZED,
        actor=actor,
        subjects=[appointment.patient_id],
        practice_id=appointment.practice_id,
        object_id=appointment.pk,
        details={"from": former // timedelta(minutes=1), "to": minutes},
    )
    touch(appointment)
    offer_soon(appointment.agenda_id, now=now)
    return appointment


def drag(
    *,
    appointment: Appointment,
    agenda: Agenda,
    starts_at: datetime,
    actor: Actor,
    now: datetime,
    takes_back: bool = False,
    asks_about_time: bool = False,
    heeding: QuerySet[Appointment] | None = None,
) -> Appointment:
    """Move an appointment to another time in the agenda, with the same length.

    On another agenda it gets that agenda's visit reason of the same name. The patient's
    notification waits for UNDO, so that a mistake reaches nobody. Raises SlotTaken, OutsideOpening,
    NotActive, NoSuchReason, UnusualTime (with `asks_about_time`), AlsoBooked (with `heeding`).
    """
    reason = appointment.visit_reason
    if agenda.pk != appointment.agenda_id:
        found = VisitReason.objects.filter(agenda=agenda, name=reason.name, active=True).first()
        if found is None:
            raise NoSuchReason
        reason = found
    length = (appointment.ends_at - appointment.starts_at) // timedelta(minutes=1)
    return move(
        appointment=appointment,
        starts_at=starts_at,
        visit_reason=reason,
        by=By(actor=actor, channel=Channel.PRACTICE),
        conditions=Conditions(
            anywhere=True,
            minutes=length if _is_own_time(appointment) else None,
            asks_about_time=asks_about_time and not takes_back,
            heeding=heeding,
        ),
        telling=Telling(after=UNDO, takes_back=takes_back),
        now=now,
    )


def _is_own_time(appointment: Appointment) -> bool:
    """Whether it reserves the practitioner's own time, not a place of a session."""
    taken = appointment.taken
    return taken is None or taken.is_own_time
