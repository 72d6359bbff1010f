"""Visit reasons for new patients, for known ones and for everybody, of a module's `agenda`."""

from datetime import time

import pytest

from tests.factories import make_opening, make_reason


def reason_of(agenda, name, **values):
    row = make_reason(agenda, name=name, **values)
    opening = agenda.openings.first() or make_opening(agenda, until_time=time(12))
    opening.visit_reasons.add(row)
    return row


@pytest.fixture
def first(agenda):
    return reason_of(agenda, "Première consultation", patient_kind="new")


@pytest.fixture
def control(agenda):
    return reason_of(agenda, "Suivi", patient_kind="known")


@pytest.fixture
def anyone(agenda):
    return reason_of(agenda, "Consultation")
