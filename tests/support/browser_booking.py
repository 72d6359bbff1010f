"""An agenda that is open on each of the next days, for booking in the browser."""

import re
from datetime import time, timedelta

import pytest
from django.utils import timezone

from practitioners.domain.scheduling import next_slots
from tests.clock import today
from tests.factories import (
    make_agenda,
    make_opening,
    make_reason,
)
from tests.support.browser_mails import link_in


def open_for_a_week(agenda, reason):
    """Open an agenda for a reason each morning from tomorrow on, whatever day today is."""
    for n in range(1, 8):
        make_opening(
            agenda, reason, starts_on=today() + timedelta(days=n), number=n,
            from_time=time(9), until_time=time(11),
        )  # fmt: skip
    next_slots.refresh(agenda_ids=[agenda.pk], now=timezone.now())


@pytest.fixture
def agenda():
    agenda = make_agenda(open_on_holidays=True)
    open_for_a_week(agenda, make_reason(agenda, cancel_deadline_hours=0))
    return agenda


@pytest.fixture
def here(settings, live_server):
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = [live_server.url]
    return live_server.url


def local_address(here, mail):
    return here + re.sub(r"^http://[^/]+", "", link_in(mail))
