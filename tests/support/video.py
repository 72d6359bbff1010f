"""A visit by video, and its room."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from booking.models.appointment import Channel
from tests.factories import make_account, make_agenda, make_member, make_patient, make_reason
from tests.support.booked import booked

STARTS = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def visit(now):
    agenda = make_agenda()
    reason = make_reason(agenda, teleconsultation=True)
    account = make_account()
    row = booked(
        reason, now, starts_at=STARTS, patient=make_patient(account), channel=Channel.PRACTICE,
        anywhere=True,
    )  # fmt: skip
    row.account = account
    row.member = make_member(agenda.practice, role="practitioner", practitioner=agenda.practitioner)
    return row


def patient_of(visit):
    client = Client()
    client.force_login(visit.account, backend="booking.backends.EmailBackend")
    return client


def own(visit, name):
    return reverse(f"booking:{name}", args=[visit.pk])


def at_practice(visit, name):
    return reverse(f"booking:{name}", args=[visit.practice_id, visit.pk])


def enter(client, url):
    answer = client.post(url, content_type="application/json")
    return answer.status_code, answer.json()


def tell(client, url, **body):
    return client.post(url, json.dumps(body), content_type="application/json")
