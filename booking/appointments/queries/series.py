"""The other visits of a series that were taken, or cancelled, in the same go."""

from django.db.models import QuerySet

from booking.models import Appointment
from booking.models.appointment import Status


def taken_with(appointment: Appointment) -> QuerySet[Appointment]:
    """Those that were taken with a visit and stand, soonest first."""
    same = _others(appointment).filter(created_at=appointment.created_at)
    return same.exclude(status=Status.CANCELLED)


def cancelled_with(appointment: Appointment) -> QuerySet[Appointment]:
    """Those that were cancelled with a visit, soonest first."""
    others = _others(appointment)
    if appointment.cancelled_at is None:
        return others.none()
    return others.filter(cancelled_at=appointment.cancelled_at)


def _others(appointment: Appointment) -> QuerySet[Appointment]:
    rows: QuerySet[Appointment] = Appointment.unscoped.all()
    if appointment.series is None:
        return rows.none()
    same = rows.filter(patient=appointment.patient_id, series=appointment.series)
    return same.exclude(pk=appointment.pk).order_by("starts_at", "pk")
