"""An agenda of a practice with its owner's browser, and what the forms of the dashboard send."""

import pytest
from django.urls import reverse

from tests.factories import make_agenda, make_member, make_opening, make_reason, verified_client


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def reason(agenda):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def url(name, agenda, *ids):
    return reverse(f"booking:{name}", args=[agenda.practice_id, *ids])


def call(reason, **changed):
    return {"motif": reason.pk, "jour": "2026-11-30", "heure": "09:00", **changed}


def absence(agenda, **changed):
    return {"agendas": [agenda.pk], "from_day": "2026-11-30", "until_day": "2026-11-30", **changed}


def opening(reason, **changed):
    return {
        "starts_on": "2026-12-02", "every_weeks": "1", "last_day": "", "from_time": "14:00",
        "until_time": "16:00", "visit_reasons": [reason.pk], "slot_minutes": "", "capacity": "1",
        **changed,
    }  # fmt: skip
