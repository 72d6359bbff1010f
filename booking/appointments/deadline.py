"""The time until which patients can move a visit online, and after which a cancellation is late.

This is the only such rule: pages, mails and the domain all use `terms`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from booking.models import Appointment, Patient
from booking.models.appointment import Status
from practitioners.models import Practice, VisitReason

# For so long after a booking its patient may change their mind, however near the visit is.
GRACE = timedelta(hours=1)
A_YEAR = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A patient's options for a visit at one instant.

    `free_until`: the last instant at which it can be moved online, and cancelled without being
    late; `is_late`: a cancellation now is late; `is_grace`: only the hour after the booking
    prevents it from being late; `lasts_to_start`: it is free until the visit begins; `is_online`:
    its visit reason is offered online, without which there is no time to move it to; `first`: the
    first visit, if this is a follow-up visit, with which both are changed.
    """

    free_until: datetime
    can_move: bool
    can_cancel: bool
    is_late: bool
    is_grace: bool
    lasts_to_start: bool
    is_online: bool
    first: Appointment | None = None


def free_until(appointment: Appointment, *, starts_at: datetime | None = None) -> datetime:
    """The last instant at which a visit may be moved online and cancelled without being late.

    The visit reason's deadline, or GRACE after the booking if that is later; never later than the
    start. `starts_at`: where the visit might be moved to; a move begins no new hour of grace.
    """
    begins = starts_at or appointment.starts_at
    return min(begins, max(_deadline(appointment, begins), appointment.created_at + GRACE))


def is_late(appointment: Appointment, *, now: datetime) -> bool:
    """Whether a cancellation by the patient now would be late."""
    return now > free_until(appointment)


def terms(appointment: Appointment, *, now: datetime, starts_at: datetime | None = None) -> Terms:
    """Return what the patient may do with a visit now; with `starts_at`, as if it were at that
    time.

    An upcoming visit can always be cancelled, also after the patient has arrived (the waiting room
    of a video visit opens early). A follow-up visit is changed with the first visit, and can be
    cancelled by itself once the first is over.
    """
    begins, until = starts_at or appointment.starts_at, free_until(appointment, starts_at=starts_at)
    is_to_come = _is_to_come(appointment, begins, now=now)
    first = _first(appointment, now=now) if is_to_come else None
    is_free, is_online = now <= until, _is_online(appointment)
    return Terms(
        free_until=until,
        can_move=(
            is_to_come
            and is_free
            and is_online
            and appointment.status == Status.BOOKED
            and appointment.follows_id is None
        ),
        can_cancel=is_to_come and first is None,
        is_late=not is_free,
        is_grace=is_free and now > _deadline(appointment, begins),
        lasts_to_start=until >= begins,
        is_online=is_online,
        first=first,
    )


def if_booked(*, visit_reason: VisitReason, starts_at: datetime, now: datetime) -> Terms:
    """The terms of a visit if it were booked now, which a patient reads before booking."""
    return terms(
        Appointment(
            visit_reason=visit_reason, starts_at=starts_at, status=Status.BOOKED, created_at=now
        ),
        now=now,
    )


def late_cancellations(practice: Practice, patient: Patient, *, now: datetime) -> int:
    """The number of late cancellations of a patient at a practice within a year."""
    late = Appointment.unscoped.filter(
        patient=patient, practice=practice, cancelled_late=True, starts_at__gt=now - A_YEAR
    )
    return late.count()


def _deadline(appointment: Appointment, begins: datetime) -> datetime:
    return begins - timedelta(hours=appointment.visit_reason.cancel_deadline_hours)


def _is_online(appointment: Appointment) -> bool:
    """Whether the visit's reason is offered to patients; a practice books others too."""
    reason = appointment.visit_reason
    agenda = appointment.agenda if appointment.agenda_id else reason.agenda
    return reason.active and agenda.active


def _is_to_come(appointment: Appointment, begins: datetime, *, now: datetime) -> bool:
    return appointment.is_active and now < begins


def _first(appointment: Appointment, *, now: datetime) -> Appointment | None:
    """The first visit of a follow-up visit, while it is upcoming."""
    first = appointment.follows if appointment.follows_id is not None else None
    if first is None or not _is_to_come(first, first.starts_at, now=now):
        return None
    return first
