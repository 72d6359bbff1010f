"""Closing time in which patients may already be booked."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from audit.record.entries import Actor
from booking.domain import change
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain import openings
from practitioners.models import Agenda


class Booked(StrEnum):
    """What becomes of the appointments in the closed time."""

    KEEP = "keep"
    CANCEL = "cancel"


@transaction.atomic
def close_time(
    *,
    agendas: Iterable[Agenda],
    starts_at: datetime,
    until: datetime,
    label: str,
    booked: Booked,
    actor: Actor,
    now: datetime,
) -> list[Appointment]:
    """Add an absence to each agenda and return the appointments that it cancelled, if told to.

    All or nothing, in one transaction; each absence and each cancellation is on the record, and
    the patients' messages are owed by the same commit.
    """
    agendas = list(agendas)
    for agenda in agendas:
        openings.add_absence(
            agenda=agenda, starts_at=starts_at, until=until, label=label, actor=actor
        )
    if booked == Booked.KEEP:
        return []
    taken = openings.touched_by_absence(
        agenda_ids=[agenda.pk for agenda in agendas], starts_at=starts_at, until=until
    )
    rows = list(Appointment.objects.filter(taken__in=taken, status=Status.BOOKED).order_by("pk"))
    for row in rows:
        change.cancel(appointment=row, actor=actor, channel=Channel.PRACTICE, now=now)
    return rows
