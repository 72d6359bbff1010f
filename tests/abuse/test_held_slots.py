"""Nobody keeps an agenda from its patients by holding its slots, session after session."""

from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.test import Client
from django.urls import reverse

from booking.accounts.sessions import throttle
from practitioners.models import Taken
from tests.factories import make_account, make_agenda, make_opening, make_reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
MOST = 3
NINE = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(throttle, "HOLDS_OF_STRANGERS", MOST)


@pytest.fixture
def reason():
    return a_reason()


def a_reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


def hold(reason, number, *, network="203.0.113.9", client=None):
    """Choose the nth slot as a visitor does; a new session unless one is given."""
    at = NINE + timedelta(weeks=number // 6, minutes=30 * (number % 6))
    given = {"motif": reason.pk, "debut": at.isoformat(), "suivi": "non"}
    client = client or Client(REMOTE_ADDR=network)
    return client.post(reverse("booking:hold"), given, REMOTE_ADDR=network)


def held(reason):
    return Taken.objects.filter(agenda=reason.agenda, hold_until__isnull=False).count()


def test_a_network_of_strangers_holds_so_many_of_an_agenda(reason):
    for number in range(MOST + 3):
        hold(reason, number)
    assert held(reason) == MOST
    refused = Client(REMOTE_ADDR="203.0.113.9")
    answer = hold(reason, 9, client=refused)
    assert answer.status_code == 302
    page = refused.get(answer["Location"]).content.decode()
    assert "depuis votre réseau" in page
    # Somebody elsewhere, and at another practitioner's, chooses on.
    elsewhere = hold(reason, 9, network="198.51.100.7")
    assert elsewhere["Location"].startswith(reverse("booking:hold"))
    assert held(reason) == MOST + 1
    other = a_reason()
    hold(other, 0)
    assert held(other) == 1


def test_one_who_signs_in_is_not_counted_with_them(reason):
    for number in range(MOST):
        hold(reason, number)
    client = Client()
    client.force_login(make_account(), backend="booking.backends.EmailBackend")
    hold(reason, MOST, client=client)
    assert held(reason) == MOST + 1


def test_it_is_over_when_the_holds_are(reason, time_machine, now):
    for number in range(MOST):
        hold(reason, number)
    time_machine.move_to(now + timedelta(seconds=throttle.HOLDS_WITHIN_S + 1), tick=False)
    hold(reason, MOST)
    assert Taken.objects.filter(hold_until__gt=now + timedelta(minutes=8)).count() == 1


def test_while_nobody_can_count_everybody_books(reason, monkeypatch):
    def away(**_anything):
        raise redis.ConnectionError

    monkeypatch.setattr(throttle, "take_hold", away)
    hold(reason, 0)
    assert held(reason) == 1
