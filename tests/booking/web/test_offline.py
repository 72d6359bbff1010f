"""What a device keeps for being offline: no patient, no reason, and nothing after the session."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.booked import booked

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


def test_the_service_worker_is_the_same_for_everybody(client, account):
    """Where it differs by reader, signing in or out makes the browser install it anew each time."""
    account.language = "en"
    account.save()
    others = [Client(headers={"Accept-Language": language}) for language in ("fr", "en", "de")]
    workers = {each.get(reverse("booking:service-worker")).content for each in (client, *others)}
    assert len(workers) == 1
    for language, words in (("fr", "Hors ligne"), ("en", "Offline")):
        address = f"{reverse('booking:offline')}?langue={language}"
        assert f'"{address}"'.encode() in next(iter(workers))
        for each in (client, *others):
            answer = each.get(address)
            assert answer["Content-Language"] == language
            assert f"<h1>{words}</h1>" in answer.content.decode()
    # A language that we do not speak is the reader's own.
    assert "Hors ligne" in others[0].get("/hors-ligne/?langue=de").content.decode()


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
