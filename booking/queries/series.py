"""The other visits of a series."""

from django.db.models import QuerySet

from booking.models import Appointment
from booking.models.appointment import Status


def taken_with(appointment: Appointment) -> QuerySet[Appointment]:
    """The others that were taken in the same go and stand, soonest first; none without a series."""
    same = Appointment.unscoped.filter(
        patient=appointment.patient_id,
        series=appointment.series,
        series__isnull=False,
        created_at=appointment.created_at,
    )
    rows: QuerySet[Appointment] = same.exclude(pk=appointment.pk).exclude(status=Status.CANCELLED)
    return rows.order_by("starts_at", "pk")
