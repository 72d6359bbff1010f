"""Webhooks: signed, in order, at least once, without identities, to public addresses alone."""

import json
import socket
import sys
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import time_machine
from django.utils import timezone

from audit.outbox.queue import Queue
from booking.appointments import change, marking
from booking.appointments.book import book
from booking.appointments.values import By, Conditions
from booking.models.appointment import Channel, Status
from partners.domain import outgoing, webhooks
from partners.models import Delivery, DeliveryState, Grant, Webhook
from partners.tasks import drop_old_deliveries, tell_webhooks
from practitioners.models import Agenda
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)

# Threads of their own send, and the order of changes is one of transactions.
pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.fixture
def credential(agenda):
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda, scopes=["appointments:read"])
    return credential


@pytest.fixture
def webhook(credential, receiver):
    return webhooks.register(
        credential=credential, url=receiver.url, actor=practice_actor(), now=timezone.now()
    )


def booked(agenda, number=0):
    return book(
        visit_reason=agenda.visit_reasons.get(),
        starts_at=START + number * timedelta(minutes=30),
        patient=make_patient(make_account(), first_name="Zénobie"),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=timezone.now(),
        note="Toux",
    )


def cancelled(row):
    return change.cancel(
        appointment=row, by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=timezone.now()
    )


def bodies(receiver):
    return [json.loads(body) for _path, _headers, body in receiver.received]


def test_a_booking_is_told_signed_and_without_an_identity(webhook, receiver, agenda):
    row = booked(agenda)
    tell_webhooks()
    (path, headers, body) = receiver.received[0]
    assert len(receiver.received) == 1
    assert path == "/hooks?x=1"
    told = standardwebhooks.Webhook(webhooks.secret_of(webhook)).verify(body, headers)
    assert told["type"] == "appointment.created"
    assert told["data"] == {"appointment": str(row.pk), "agenda": str(agenda.pk)}
    assert set(told) == {"type", "data", "timestamp"}
    assert str(row.patient_id) not in body.decode()
    delivery = Delivery.objects.get()
    assert (delivery.state, headers["webhook-id"]) == ("delivered", str(delivery.pk))
    tell_webhooks()
    assert len(receiver.received) == 1


def test_a_changed_body_or_another_secret_does_not_verify(webhook, receiver, agenda):
    booked(agenda)
    tell_webhooks()
    _path, headers, body = receiver.received[0]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhooks.secret_of(webhook)).verify(body + b" ", headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(webhooks.secret_of(webhook, number=2)).verify(body, headers)


def test_both_secrets_sign_for_a_day_after_the_change(webhook, receiver, agenda):
    former = webhooks.secret_of(webhook)
    webhooks.change_secret(webhook=webhook, actor=practice_actor(), now=timezone.now())
    assert webhooks.secret_of(webhook) != former
    booked(agenda)
    tell_webhooks()
    _path, headers, body = receiver.received[0]
    for secret in (former, webhooks.secret_of(webhook)):
        standardwebhooks.Webhook(secret).verify(body, headers)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        booked(agenda, 1)
        tell_webhooks()
        _path, headers, body = receiver.received[1]
        standardwebhooks.Webhook(webhooks.secret_of(webhook)).verify(body, headers)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(former).verify(body, headers)


def test_what_was_before_is_not_told_and_what_leaves_is(webhook, receiver, agenda):
    row = booked(agenda)
    tell_webhooks()
    cancelled(row)
    other = booked(agenda, 1)
    tell_webhooks()
    # Two appointments at once have no order.
    assert sorted(b["type"] for b in bodies(receiver)) == [
        "appointment.cancelled", "appointment.created", "appointment.created"
    ]  # fmt: skip
    elsewhere = make_agenda(practice=agenda.practice)
    reason = make_reason(elsewhere)
    make_opening(elsewhere, reason)
    change.move(
        appointment=other,
        starts_at=START,
        visit_reason=reason,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=timezone.now(),
    )
    tell_webhooks()
    assert bodies(receiver)[-1]["type"] == "appointment.gone"


def test_an_old_appointment_that_changes_is_updated(receiver, credential, agenda):
    row = booked(agenda)
    webhooks.register(
        credential=credential, url=receiver.url, actor=practice_actor(), now=timezone.now()
    )
    # While a transaction that is older still runs somewhere, the booking itself is told too.
    tell_webhooks()
    before = len(receiver.received)
    marking.mark(appointment=row, status=Status.ARRIVED, actor=practice_actor(), now=row.starts_at)
    tell_webhooks()
    assert len(receiver.received) == before + 1
    assert {b["type"] for b in bodies(receiver)} == {"appointment.updated"}


def test_a_failing_address_is_tried_for_three_days_and_in_order(webhook, receiver, agenda):
    receiver.status = 500
    row = booked(agenda)
    tell_webhooks()
    cancelled(row)
    other = booked(agenda, 1)
    tell_webhooks()
    # The cancellation waits for the booking before it; another appointment does not.
    told = [b["data"]["appointment"] for b in bodies(receiver)]
    assert told[0] == str(row.pk)
    assert sorted(told) == sorted([str(row.pk), str(other.pk)])
    at, attempts = timezone.now(), []
    while Delivery.objects.filter(state="pending", appointment=row, attempts__gt=0).exists():
        first = Delivery.objects.filter(appointment=row).earliest("pk")
        at = max(at, first.due_at)
        with time_machine.travel(at, tick=True):
            assert webhooks.send_due(now=at) == 0
        attempts.append(at)
    first = Delivery.objects.filter(appointment=row).earliest("pk")
    assert first.state == DeliveryState.DEAD
    assert first.problem == "500"
    assert timedelta(days=2, hours=20) < attempts[-1] - first.created_at <= timedelta(days=3)
    # Then the one behind it has its turn, under an id that is its own.
    receiver.status = 204
    with time_machine.travel(at + timedelta(hours=4), tick=True):
        tell_webhooks()
    assert bodies(receiver)[-1]["type"] in ("appointment.cancelled", "appointment.created")
    # Replayed by hand, under the id that it always had.
    webhooks.replay(delivery=first, now=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=True):
        tell_webhooks()
    first.refresh_from_db()
    assert first.state == DeliveryState.DELIVERED
    assert receiver.received[-1][1]["webhook-id"] == str(first.pk)


def test_a_sender_that_dies_lets_go_and_the_id_stays(webhook, receiver, agenda, monkeypatch):
    booked(agenda)
    webhooks.collect(now=timezone.now())
    monkeypatch.setattr(Queue, "note", lambda *_a, **_k: sys.exit())
    with pytest.raises(SystemExit):
        webhooks.send_due(now=timezone.now())
    monkeypatch.undo()
    assert webhooks.send_due(now=timezone.now()) == 0
    later = timezone.now() + webhooks.DELIVERIES.claim_lasts + timedelta(seconds=1)
    with time_machine.travel(later, tick=True):
        assert webhooks.send_due(now=later) == 1
    assert len({headers["webhook-id"] for _p, headers, _b in receiver.received}) == 1
    assert len(receiver.received) == 2


def test_a_suspended_credential_waits_and_then_gets_what_was_queued(
    webhook, receiver, agenda, credential
):
    booked(agenda)
    webhooks.collect(now=timezone.now())
    type(credential).objects.update(suspended_at=timezone.now())
    booked(agenda, 1)
    tell_webhooks()
    assert receiver.received == []
    type(credential).objects.update(suspended_at=None)
    tell_webhooks()
    assert len(receiver.received) == 2


def test_what_is_no_longer_granted_is_not_told(webhook, receiver, agenda):
    booked(agenda)
    webhooks.collect(now=timezone.now())
    Grant.objects.update(revoked_at=timezone.now())
    tell_webhooks()
    booked(agenda, 1)
    tell_webhooks()
    assert receiver.received == []
    assert Delivery.objects.get().state == DeliveryState.DEAD


def test_nothing_is_told_of_another_practice(webhook, receiver):
    other = make_agenda()
    make_opening(other, make_reason(other))
    booked(other)
    tell_webhooks()
    assert receiver.received == []
    assert Agenda.objects.count() == 2


def test_an_address_that_says_gone_is_left_alone(webhook, receiver, agenda):
    receiver.status = 410
    booked(agenda)
    tell_webhooks()
    assert Webhook.objects.get().ended_at is not None
    booked(agenda, 1)
    tell_webhooks()
    assert len(receiver.received) == 1


def test_a_redirect_is_a_failure_and_not_followed(webhook, receiver, agenda):
    receiver.status = 307
    booked(agenda)
    tell_webhooks()
    assert len(receiver.received) == 1
    assert Delivery.objects.get().problem == "307"


def test_old_deliveries_are_forgotten(webhook, receiver, agenda):
    booked(agenda)
    tell_webhooks()
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        drop_old_deliveries()
        assert Delivery.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        drop_old_deliveries()
        assert Delivery.objects.count() == 0


# Where we do not call ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https:///x", "//example.com/",
        "https://user:secret@example.com/", "https://example.com:99999/", "https://exa mple.com/",
        "https://example.com/#x", "file:///etc/passwd", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_public_https_address_is_refused(url):
    with pytest.raises((outgoing.Forbidden, outgoing.Unreachable)):
        outgoing.check(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fec0::1]", "[3fff::1]", "192.88.99.1", "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[ff02::1]",
        "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "localhost.",
    ],
)  # fmt: skip
def test_internal_addresses_are_refused_however_they_are_written(address):
    with pytest.raises((outgoing.Forbidden, outgoing.Unreachable)):
        outgoing.check(f"https://{address}/")


def answers_of(monkeypatch, *turns):
    """Names resolve to these addresses, one turn after the other."""
    left, asked, real = list(turns), [], socket.getaddrinfo

    def resolve(host, port, *more, **named):
        if host[0].isdigit():  # an address already
            return real(host, port, *more, **named)
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_one_internal_address_among_public_ones_is_enough(monkeypatch):
    answers_of(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(outgoing.Forbidden):
        outgoing.check("https://hooks.example/")


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    receiver, monkeypatch, settings
):
    """DNS rebinding: public when it is checked, internal when it is called."""
    settings.OUTGOING_MAY_REACH = []
    monkeypatch.setattr(outgoing, "CONNECT_SECONDS", 0.2)
    connected = []
    connect = socket.socket.connect

    def noted(self, where):
        connected.append(where)
        if where[0] == "93.184.215.14":
            raise OSError("no route")
        return connect(self, where)

    monkeypatch.setattr(socket.socket, "connect", noted)
    asked = answers_of(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(outgoing.Unreachable):
        outgoing.post(f"https://localhost:{receiver.port}/", body=b"", headers={})
    assert asked == ["localhost"]
    assert {where[0] for where in connected} == {"93.184.215.14"}
    assert receiver.received == []


def test_a_certificate_of_another_name_is_refused(receiver, monkeypatch):
    answers_of(monkeypatch, ["127.0.0.1"])
    with pytest.raises(outgoing.Unreachable):
        outgoing.post(f"https://other.example:{receiver.port}/", body=b"x", headers={})
    assert receiver.received == []


def test_an_unknown_authority_is_refused(receiver, settings):
    settings.OUTGOING_CA_FILE = None
    with pytest.raises(outgoing.Unreachable):
        outgoing.post(receiver.url, body=b"x", headers={})


def test_what_is_fetched_has_an_end(receiver):
    receiver.status, receiver.content = 200, b"x" * 50
    assert outgoing.fetch(receiver.url, most_bytes=50) == b"x" * 50
    with pytest.raises(outgoing.Unreachable, match="dépasse"):
        outgoing.fetch(receiver.url, most_bytes=49)
    receiver.status = 404
    with pytest.raises(outgoing.Unreachable, match="404"):
        outgoing.fetch(receiver.url, most_bytes=50)


def test_a_credential_has_a_few_webhooks_at_most(webhook, credential, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_WEBHOOKS", 1)
    with pytest.raises(webhooks.TooManyWebhooks):
        webhooks.register(
            credential=credential, url=receiver.url, actor=practice_actor(), now=timezone.now()
        )
    webhooks.end(webhook=webhook, actor=practice_actor(), now=timezone.now())
    webhooks.register(
        credential=credential, url=receiver.url, actor=practice_actor(), now=timezone.now()
    )
