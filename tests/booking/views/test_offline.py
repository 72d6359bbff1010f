"""What a device keeps for being offline: no patient, no reason, and nothing after the session."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from tests.booking.test_book import booked
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def test_it_keeps_no_patient_and_no_reason(account, client, now, time_machine):
    time_machine.move_to(now)
    agenda = make_agenda()
    reason = make_reason(agenda, name="Consultation d’oncologie")
    make_opening(agenda, reason)
    booked(reason, now, patient=make_patient(account, last_name="Quatrefages"))
    before = Entry.objects.filter(action="reveal").count()
    answer = client.get(reverse("booking:offline-visits"))
    (visit,) = answer.json()["visits"]
    assert visit["who"] == str(agenda.practitioner)
    assert visit["day"] == "lundi 30 novembre"
    text = json.dumps(answer.json(), ensure_ascii=False)
    assert "Quatrefages" not in text
    assert "oncologie" not in text
    # Nothing sealed is opened for it.
    assert Entry.objects.filter(action="reveal").count() == before
    assert "no-store" in answer["Cache-Control"]


def test_another_accounts_visits_are_not_in_it(client, now, time_machine):
    time_machine.move_to(now)
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    booked(reason, now)
    assert client.get(reverse("booking:offline-visits")).json() == {"visits": []}


def test_signing_out_clears_the_device(client):
    answer = client.post(reverse("booking:sign-out"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


def test_what_everybody_may_keep_is_nobodys(client):
    for name in ("offline", "manifest", "service-worker"):
        answer = Client().get(reverse(f"booking:{name}"))
        assert answer.status_code == 200
        assert not answer.cookies
    manifest = Client().get("/manifest.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    assert manifest.json()["display"] == "standalone"
    worker = Client().get("/sw.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert reverse("booking:offline") in worker.content.decode()
