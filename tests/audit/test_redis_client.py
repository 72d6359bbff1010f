"""Commands to Redis whose answer is lost are sent again, and do not take themselves for others."""

import socket
import threading
import uuid
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from audit.redis_client import claim, redis_url
from audit.watch import repeats
from booking.models import Patient
from doctolib import once
from partners.domain import used_once
from tests.clock import NOW
from tests.factories import make_account, make_patient
from tests.support.sent_forms import AGREED, IDENTITY, browser, send, token_on


@pytest.fixture
def losing_answers(settings):
    """A line to Redis that breaks after the first command of a kind arrived, before its answer."""
    straight = redis_url()
    parts = urlsplit(straight)
    lost: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def connect():
        if parts.scheme == "unix":
            line = socket.socket(socket.AF_UNIX)
            line.connect(parts.path)
            return line
        return socket.create_connection((parts.hostname, parts.port or 6379))

    def carry(near):
        with near, connect() as far:
            while command := near.recv(65536):
                far.sendall(command)
                answer = far.recv(65536)
                if b"\r\nNX\r\n" in command and not lost:
                    lost.append(command)
                    return
                near.sendall(answer)

    def serve():
        while True:
            try:
                near, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=carry, args=(near,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    address = f"redis://127.0.0.1:{listener.getsockname()[1]}?{parts.query}"
    default = {**settings.CACHES["default"], "LOCATION": address}
    settings.CACHES = {**settings.CACHES, "default": default}
    yield lost
    listener.close()


def test_a_claim_whose_answer_was_lost_is_ones_own(losing_answers):
    assert claim("doctolib:test:a", seconds=60) is None
    assert len(losing_answers) == 1
    assert claim("doctolib:test:a", seconds=60) is not None


def test_a_statement_used_once_is_no_second_use(losing_answers):
    assert used_once.first_use("proof", "a", seconds=60)
    assert losing_answers
    assert not used_once.first_use("proof", "a", seconds=60)


def test_the_watch_learns_what_was_opened_for_the_first_time(losing_answers):
    opened = {
        "holder_id": uuid.uuid4(), "subject_id": uuid.uuid4(), "network": "n", "key": "k", "now": NOW,
    }  # fmt: skip
    assert repeats.is_first(**opened)
    assert losing_answers
    assert not repeats.is_first(**opened)


@pytest.mark.django_db
def test_a_form_does_not_wait_for_itself(losing_answers, monkeypatch):
    account = make_account()
    make_patient(account)
    client, path = browser(account), reverse("booking:new-person")
    given = IDENTITY | AGREED | {"csrfmiddlewaretoken": token_on(client, path)}
    monkeypatch.setattr(once.time, "sleep", lambda _seconds: pytest.fail("it waits"))
    assert send(client, path, given).status_code == 302
    assert losing_answers
    assert Patient.unscoped.filter(account=account, relation="child").count() == 1
