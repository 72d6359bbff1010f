"""A family whose account is erased."""

from datetime import date, timedelta

import pytest

from booking.models import Appointment
from booking.models.appointment import Channel
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
)
from tests.support.booked import booked


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, starts_on=date(2026, 11, 23))
    return reason


@pytest.fixture
def family(reason, now):
    """Zoé has been seen once and comes again; Noé never came, and has a visit to come."""
    account = make_account("zoe@exemple.fr")
    zoe = make_patient(account, first_name="Zoé")
    noe = make_patient(account, first_name="Noé", relation="child")
    seen = visit(reason, zoe, now - timedelta(days=7), now)
    Appointment.unscoped.filter(pk=seen.pk).update(status="seen")
    visit(reason, zoe, now + timedelta(days=7), now)
    visit(reason, noe, now + timedelta(days=8), now)
    return account, zoe, noe


def visit(reason, patient, at, now):
    return booked(reason, now, starts_at=at, patient=patient, channel=Channel.PRACTICE,
                  anywhere=True, note="Une tache")  # fmt: skip
