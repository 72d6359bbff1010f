"""A visit that is booked by the domain's own function."""

from datetime import UTC, datetime

from booking.appointments.book import book
from booking.models.appointment import Channel
from tests.factories import (
    make_account,
    make_patient,
    practice_actor,
)
from tests.support.asked import asked

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def booked(
    reason, now, *, starts_at=NINE, patient=None, channel=Channel.PATIENT, booked_by=None, **more
):
    return book(
        visit_reason=reason,
        starts_at=starts_at,
        patient=patient or make_patient(make_account()),
        now=now,
        **asked(actor=practice_actor(), channel=channel, account=booked_by, **more),
    )
