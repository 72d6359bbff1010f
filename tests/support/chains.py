"""Two visit reasons of which one follows the other, and visits of both."""

from datetime import UTC, datetime, time, timedelta

import pytest

from booking.appointments import chains
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models.appointment import Channel
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.asked import asked

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


HALF = timedelta(minutes=30)


FOUR = [NINE + n * HALF for n in range(4)]


@pytest.fixture
def reasons():
    """An optician's measure, and the ophthalmologist right after it (not bookable by itself)."""
    one = make_agenda()
    two = make_agenda(practice=one.practice)
    second = make_reason(two, name="Consultation", active=False, duration_minutes=15)
    first = make_reason(one, name="Mesure", then=second, then_within_minutes=15)
    make_opening(one, first, until_time=time(11))
    make_opening(two, second, from_time=time(9, 30), until_time=time(10, 45))
    return first, second


@pytest.fixture
def account():
    return make_account()


def booked(reason, at, now, account=None, **values):
    return book(
        visit_reason=reason,
        starts_at=at,
        patient=make_patient(account or make_account()),
        now=now,
        **asked(
            **{"channel": Channel.PATIENT, "actor": practice_actor(), "account": account} | values
        ),
    )


def after(row):
    return chains.follower(row)


def elsewhere(patient, at, now):
    """Another visit of the same patient, at another practice."""
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason, until_time=time(18))
    return book(
        visit_reason=reason,
        starts_at=at,
        patient=patient,
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
