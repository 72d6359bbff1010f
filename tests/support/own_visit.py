"""A patient's own visit, which they may move or cancel."""

import pytest

from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import booked
from tests.support.changing import HOUR


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row)
    return row


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def visit(reason, account, now):
    return booked(reason, now - 2 * HOUR, patient=make_patient(account))


@pytest.fixture
def client(account):
    return verified_client(account)
