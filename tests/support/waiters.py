"""A full session, and patients who wait for a slot."""

from contextlib import contextmanager
from datetime import time, timedelta

import pytest

from tests.factories import make_agenda, make_opening, make_reason
from tests.support.waiting_list import MONDAY, NEXT, at, visit, waiting_for


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, from_time=time(9), until_time=time(10))
    return reason


@pytest.fixture
def full(reason, now):
    """Both slots of the Monday are taken."""
    return [visit(reason, at(MONDAY, 9), now), visit(reason, at(MONDAY, 9, 30), now)]


def waiters(reason, now, number):
    """Some who have a visit a week later, and wait for an earlier one since one minute each."""
    found = []
    for n in range(number):
        appointment = visit(reason, at(NEXT + timedelta(days=7 * n), 9), now)
        found.append(waiting_for(appointment, now + timedelta(minutes=n)))
    return found


@contextmanager
def committed(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        yield
