"""Follow-up visits: reserved, moved and cancelled with the first visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from booking.models import Appointment
from booking.models.appointment import Status
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import Agenda, VisitReason


@dataclass(frozen=True, kw_only=True)
class Following:
    """The follow-up visit of the one that is being booked, and when it would start."""

    starts_at: datetime
    visit_reason: VisitReason

    @property
    def agenda(self) -> Agenda:
        return self.visit_reason.agenda


def held_after(visit_reason: VisitReason, *, key: str, now: datetime) -> Following | None:
    """The hold of a key for the follow-up visit of a visit reason."""
    then = take.follower_of(visit_reason)
    held = holds.held_by(key=key, visit_reason=then, now=now) if then is not None else []
    if then is None or not held:
        return None
    return Following(starts_at=held[0].starts_at, visit_reason=then)


def follower(appointment: Appointment) -> Appointment | None:
    """The follow-up visit of this one, if it is still booked."""
    rows = Appointment.unscoped.filter(
        follows=appointment, status__in=[Status.BOOKED, Status.ARRIVED]
    )
    return rows.select_related("agenda__practitioner", "visit_reason").order_by("starts_at").first()


def stays_before(appointment: Appointment, *, now: datetime) -> Appointment | None:
    """The first visit of this follow-up visit, if it is upcoming and stays booked without it."""
    if appointment.follows_id is None:
        return None
    rows = Appointment.unscoped.filter(
        pk=appointment.follows_id, status=Status.BOOKED, starts_at__gt=now
    )
    return rows.select_related("agenda__practitioner", "visit_reason").first()


def cancelled_with(appointment: Appointment) -> Appointment | None:
    """The follow-up visit that was cancelled together with a cancelled visit."""
    rows = Appointment.unscoped.filter(follows=appointment, cancelled_at=appointment.cancelled_at)
    return rows.select_related("agenda__practitioner", "visit_reason").first()


def firsts_first(appointments: Iterable[Appointment]) -> list[Appointment]:
    """The same visits, each follow-up visit after its first visit; otherwise as they were
    created.
    """
    return sorted(appointments, key=lambda row: (row.follows_id is not None, row.pk))


def went_along(appointment: Appointment) -> bool:
    """Whether a follow-up visit is no longer as it was read, because it changed with the first."""
    if appointment.follows_id is None:
        return False
    as_read = Appointment.unscoped.filter(
        pk=appointment.pk, status=appointment.status, starts_at=appointment.starts_at
    )
    return not as_read.exists()
