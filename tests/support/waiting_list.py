"""People who wait for a slot, and slots that become free."""

from datetime import UTC, date, datetime, time, timedelta

from audit.record.entries import system_actor
from booking.appointments.book import book
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models.appointment import Channel
from booking.waiting import waiting
from tests.factories import (
    make_account,
    make_patient,
    practice_actor,
)

MONDAY, NEXT = date(2026, 11, 30), date(2026, 12, 7)


def at(day, hour, minute=0):
    """An instant by the clock in Paris, in winter."""
    return datetime.combine(day, time(hour, minute), UTC) - timedelta(hours=1)


def visit(reason, starts_at, now, patient=None):
    return book(
        visit_reason=reason,
        starts_at=starts_at,
        patient=patient or make_patient(make_account()),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )


def waiting_for(appointment, now, **wishes):
    return waiting.join(
        visit_reason=appointment.visit_reason, patient=appointment.patient, actor=system_actor(),
        now=now, appointment=appointment, **wishes,
    )  # fmt: skip


def give_back(appointment, now):
    cancel(appointment=appointment, by=By(actor=system_actor(), channel=Channel.PRACTICE), now=now)
