"""Visits whose identities software opens."""

from datetime import UTC, datetime

from booking.appointments.book import book
from booking.appointments.values import By
from booking.models.appointment import Channel
from tests.factories import (
    make_patient,
    practice_actor,
)

BODY = {"purpose": "care", "fields": ["last_name"]}


def booked(agenda, hour, minute, now):
    return book(
        visit_reason=agenda.visit_reasons.get(),
        patient=make_patient(),
        starts_at=datetime(2026, 11, 30, hour, minute, tzinfo=UTC),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
