"""What mails say of deadlines and of late cancellations."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from booking.appointments import change
from booking.models.appointment import Channel
from booking.outbox import sending
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.asked import asked
from tests.support.booked import NINE, booked

pytestmark = pytest.mark.django_db


HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row)
    return row


@pytest.fixture
def visit(reason, now):
    return booked(reason, now, patient=make_patient(make_account()))


def cancelled(row, now, channel=Channel.PATIENT, **more):
    how = asked(actor=practice_actor(), channel=channel, **more)
    return change.cancel(appointment=row, now=now, **how)


def letters(visit, at):
    mail.outbox.clear()
    sending.send_owed(now=at)
    return [each.body + each.alternatives[0][0] for each in mail.outbox]


LINKS = ("/deplacer/", "/annuler/", "déplacer ou annuler", "jusqu’au")


def test_the_mail_of_a_cancellation_offers_nothing(visit, now):
    cancelled(visit, now)
    (body,) = letters(visit, now)
    assert not any(text in body for text in LINKS)
    assert "tardive" not in body


def test_the_mail_of_a_late_cancellation_calls_it_late(visit):
    at = visit.starts_at - HOUR
    cancelled(visit, at)
    (body,) = letters(visit, at)
    assert "notée comme tardive" in body


def test_the_mail_of_a_cancelled_video_visit_asks_nobody_to_come(reason, now):
    reason.teleconsultation = True
    reason.save()
    practice = reason.agenda.practice
    practice.instructions = "Apportez votre carte Vitale."
    practice.save()
    row = booked(reason, now)
    (body,) = letters(row, now)
    assert "Ouvrez la page du rendez-vous" in body
    cancelled(row, now)
    (body,) = letters(row, now)
    assert "Ouvrez la page" not in body and "carte Vitale" not in body


@pytest.mark.parametrize("channel", [Channel.PRACTICE, Channel.PARTNER, Channel.PATIENT])
def test_the_hour_of_grace_is_said_without_saying_who_booked(reason, channel, time_machine):
    at = NINE - 3 * HOUR
    time_machine.move_to(at)
    account = make_account()
    row = booked(reason, at, patient=make_patient(account), channel=channel)
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    page = client.get(reverse("booking:cancel", args=[row.pk])).content.decode()
    assert "Ce rendez-vous vient d’être pris" in page
    assert "l’annuler n’est pas tardif" in page and "Vous venez" not in page
