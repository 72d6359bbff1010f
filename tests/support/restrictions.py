"""Choosing a visit reason that is not for everybody."""

from datetime import UTC, datetime, timedelta

from django.test import Client
from django.urls import reverse

from booking.models.appointment import Channel
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_patient,
    make_reason,
)
from tests.support.booked import booked

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


HALF = timedelta(minutes=30)


QUESTION = "Êtes-vous déjà suivi par ce praticien"


def client_of(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def page(client, agenda, **given):
    address = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    return client.get(address, {"semaine": "2026-11-30", **given})


def hold(client, reason, **given):
    data = {"motif": reason.pk, "debut": NINE.isoformat(), **given}
    return client.post(reverse("booking:hold"), data)


def motifs(answer):
    """The visit reasons that the page's form offers, by what its options say."""
    return [reason.name for reason in answer.context["reasons"]]


def known_to(agenda, now, account=None, **values):
    patient = make_patient(account or make_account(), **values)
    reason = agenda.visit_reasons.first() or make_reason(agenda)
    booked(
        reason, now - timedelta(days=100), patient=patient, channel=Channel.PRACTICE,
        starts_at=now - timedelta(days=90), anywhere=True,
    )  # fmt: skip
    return patient


def nothing_held():
    return not Taken.objects.filter(hold_until__isnull=False).exists()
