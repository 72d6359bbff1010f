"""A practice's software that reads and books appointments."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from booking.appointments.book import book
from booking.appointments.values import By
from booking.models.appointment import Channel
from partners.domain import scopes, tokens
from tests.factories import (
    make_credential,
    make_patient,
    practice_actor,
)
from tests.partners.software import KEY, proof

BASE = "http://localhost:8000"


WHEN = {"since": "2026-11-30T00:00:00Z", "until": "2026-12-02T00:00:00Z"}


def booked(agenda, owner, now, hour=8):
    patient = make_patient(
        owner, first_name="Zénobie", last_name="Quatrefages", email="z@example.org"
    )
    return book(
        visit_reason=agenda.visit_reasons.get(),
        patient=patient,
        starts_at=datetime(2026, 11, 30, hour, tzinfo=UTC),
        by=By(account=owner, actor=practice_actor(), channel=Channel.PATIENT),
        note="Toux",
        now=now,
    )


@pytest.fixture
def credential():
    return make_credential("AgendaPlus", key=KEY)


def token_of(credential, *, thumbprint=None, wanted=scopes.SCOPES):
    bound = KEY.thumbprint() if thumbprint is None else thumbprint
    return tokens.issue(credential=credential, scopes=wanted, thumbprint=bound, now=timezone.now())


def send(method, path, token, body=None, query=None):
    headers = {
        "Authorization": f"DPoP {token}", "DPoP": proof(method, f"{BASE}{path}", token=token)
    }  # fmt: skip
    caller = Client(headers=headers)
    if method == "GET":
        return caller.get(path, query)
    return caller.post(path, body, content_type="application/json")


def listed(credential, **query):
    return send("GET", "/api/v1/appointments", token_of(credential), query=WHEN | query)


def revealed(credential, appointment, body=None, **token):
    body = body or {"purpose": "care", "fields": ["first_name", "last_name"]}
    path = f"/api/v1/appointments/{appointment.pk}/reveal"
    return send("POST", path, token_of(credential, **token), body)
