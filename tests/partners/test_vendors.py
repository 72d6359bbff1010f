"""A vendor helps itself: registers, gets a credential, a practice to try, and sees its calls."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc.jwk import ECKey

from audit.models import Entry
from booking.models import Appointment, Message, Patient
from partners.domain import usage, vendors, webhooks
from partners.models import Credential, Delivery, Partner, PartnerMember, Webhook
from practitioners.domain.directory import search
from practitioners.models import Agenda, Practice
from tests.factories import make_account, make_credential, practice_actor, verified_client
from tests.partners.receiver import Receiver
from tests.partners.software import KEY, Software

pytestmark = pytest.mark.django_db
JWK = json.dumps(KEY.as_dict(private=False))


@pytest.fixture
def account():
    return make_account("editeur@exemple.fr")


@pytest.fixture
def client(account):
    return verified_client(account)


@pytest.fixture
def credential(account):
    credential = make_credential("AgendaPlus", key=KEY)
    PartnerMember.objects.create(
        partner=credential.partner, account=account, created_at=timezone.now()
    )
    return credential


def url(name, credential, **more):
    ids = {"partner_id": credential.partner_id, "credential_id": credential.pk} | more
    return reverse(f"partners:{name}", kwargs=ids)


def page_of(client, credential):
    return client.get(url("credential", credential)).content.decode()


def test_from_nothing_to_a_credential(client):
    answer = client.post(reverse("partners:vendors"), {"name": "AgendaPlus"}, follow=True)
    partner = Partner.objects.get()
    assert partner.verified_at is None
    assert "AgendaPlus" in answer.content.decode()
    vendor = reverse("partners:vendor", args=[partner.pk])
    answer = client.post(vendor, {"label": "Production", "jwk": JWK}, follow=True)
    credential = Credential.objects.get()
    assert str(credential.pk) in answer.content.decode()
    assert credential.keys.get().kid == "one"
    assert {"partner-registered", "credential-registered"} <= set(
        Entry.objects.values_list("action", flat=True)
    )


@pytest.mark.parametrize("name", ["AgendaPlus", "AGENDAPLUS"])
def test_a_name_belongs_to_one_vendor(client, credential, name):
    answer = client.post(reverse("partners:vendors"), {"name": name})
    assert "Un autre éditeur porte ce nom." in answer.content.decode()
    assert Partner.objects.count() == 1


@pytest.mark.parametrize(
    "jwk",
    ["", "x", "[]", "{}", pytest.param("[" * 2000, id="nested"),
     pytest.param(json.dumps(KEY.as_dict(private=True)), id="private"),
     '{"kty": "oct", "k": "YQ"}', '{"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}'],
)  # fmt: skip
def test_what_is_no_public_key_is_refused_and_nothing_is_lost(client, credential, jwk):
    vendor = reverse("partners:vendor", args=[credential.partner_id])
    answer = client.post(vendor, {"label": "Essai", "jwk": jwk})
    assert answer.status_code == 200
    assert answer.context["form"].errors["jwk"]
    assert 'value="Essai"' in answer.content.decode()
    assert Credential.objects.count() == 1
    answer = client.post(url("add-key", credential), {"jwk": jwk})
    assert answer.context["key_form"].errors["jwk"]
    assert credential.keys.count() == 1


def test_keys_are_added_and_revoked(client, credential):
    second = ECKey.generate_key("P-256", {"kid": "two"})
    client.post(url("add-key", credential), {"jwk": json.dumps(second.as_dict(private=False))})
    software = Software(credential)
    assert software.get("agendas").status_code == 403
    client.post(url("revoke-key", credential, key_id=credential.keys.get(kid="one").pk))
    assert credential.keys.get(kid="one").revoked_at
    assert software.get("agendas").status_code == 401


def test_a_sandbox_is_whole_and_reaches_nobody(client, credential, account):
    client.post(url("make-sandbox", credential))
    client.post(url("make-sandbox", credential))
    practice = Practice.objects.get()
    assert practice.memberships.get().account == account
    software = Software(credential)
    agendas = software.get("agendas").json()["agendas"]
    assert len(agendas) == 2
    found = software.get("changes").json()["changes"]
    assert len(found) > 10
    body = {"purpose": "care", "fields": ["last_name"]}
    answer = software.post(f"appointments/{found[0]['id']}/reveal", body)
    assert answer.json()["last_name"]
    assert not Message.objects.exists()
    assert Patient.unscoped.filter(phone__isnull=False).count() == 0
    assert Appointment.unscoped.exclude(practice=practice).count() == 0
    assert str(practice.pk) in page_of(client, credential)
    assert client.get(reverse("booking:agenda", args=[practice.pk])).status_code == 200


def test_a_sandbox_stands_in_no_directory(client, credential):
    client.post(url("make-sandbox", credential))
    practitioner = Agenda.objects.first().practitioner
    hits = search.search(
        what="", place=None, filters=search.Filters(), order="soonest", page=1, now=timezone.now()
    )
    assert hits.total == 0
    for text in ("Cabinet d’essai", "Camille", "Essai"):
        suggested = search.suggest(text)
        assert not suggested.practitioners and not suggested.practices
    assert "Consultation" not in search.reason_names(what="")
    page = Client().get(reverse("practitioners:practitioner", args=[practitioner.pk]))
    assert page.status_code == 404


def test_calls_and_refusals_are_shown_without_what_was_asked_for(client, credential):
    vendors.make_sandbox(
        credential=credential, account=make_account(), now=timezone.now(),
        actor=practice_actor(),
    )  # fmt: skip
    software = Software(credential)
    software.get("agendas")
    software.get("agendas")
    software.get("changes", cursor="quatrefages")
    software.post("holds", {"starts_at": "quatrefages"})
    calls = usage.calls_of(credential.pk, days=1, now=timezone.now())
    assert calls == {
        "GET agendas": usage.Calls(all=2, refused=0),
        "GET changes": usage.Calls(all=1, refused=1),
        "POST holds": usage.Calls(all=1, refused=1),
    }
    page = page_of(client, credential)
    assert "GET agendas" in page
    assert "cursor-invalid" in page
    assert "quatrefages" not in page


def test_webhooks_are_registered_shown_and_ended(client, credential, tmp_path, settings):
    receiver = Receiver(tmp_path)
    settings.OUTGOING_MAY_REACH = ["127.0.0.1/32", "::1/128"]
    client.post(url("add-webhook", credential), {"url": receiver.url})
    webhook = Webhook.objects.get()
    former = webhooks.secret_of(webhook)
    assert former.replace("+", "&#43;") in page_of(client, credential).replace("+", "&#43;")
    client.post(url("change-secret", credential, webhook_id=webhook.pk))
    webhook.refresh_from_db()
    assert webhooks.secret_of(webhook) != former
    client.post(url("end-webhook", credential, webhook_id=webhook.pk))
    assert receiver.url not in page_of(client, credential)
    receiver.close()


@pytest.mark.parametrize("address", ["http://example.com/", "https://127.0.0.1/", "https://10.0.0.1/",
                                     "https://localhost/", "x", ""])  # fmt: skip
def test_an_address_that_we_do_not_call_is_refused_in_the_readers_language(
    client, credential, address
):
    answer = client.post(url("add-webhook", credential), {"url": address})
    assert answer.context["webhook_form"].errors["url"]
    assert not Webhook.objects.exists()


def test_a_delivery_is_sent_again_by_hand(client, credential):
    vendors.make_sandbox(
        credential=credential, account=make_account(), now=timezone.now(),
        actor=practice_actor(),
    )  # fmt: skip
    now, appointment = timezone.now(), Appointment.unscoped.first()
    webhook = Webhook.objects.create(
        credential=credential, url="https://hooks.example/", secret_changed_at=now, cursor="",
        created_at=now,
    )  # fmt: skip
    delivery = Delivery.objects.create(
        webhook=webhook, agenda=appointment.agenda, appointment=appointment, changed_in=1,
        payload={"type": "appointment.updated"}, due_at=now, give_up_at=now, created_at=now,
        state="dead", attempts=9, problem="500",
    )  # fmt: skip
    assert "Relivrer" in page_of(client, credential)
    client.post(url("replay", credential, delivery_id=delivery.pk))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("pending", 0)


def test_a_practice_reads_that_nobody_has_verified_the_vendor(credential, account):
    client = verified_client(account)
    client.post(url("make-sandbox", credential))
    Partner.objects.update(verified_at=None)
    software = reverse("partners:software", args=[Practice.objects.get().pk])
    assert "éditeur non vérifié" in client.get(software).content.decode()
    Partner.objects.update(verified_at=timezone.now())
    assert "éditeur non vérifié" not in client.get(software).content.decode()


def test_the_page_has_the_header_of_who_reads_it():
    """It showed everybody "Se connecter", and was kept by whatever lay between for an hour."""
    client = Client()
    answer = client.get("/developpeurs/")
    assert "Se connecter" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    account = make_account()
    client.force_login(account, backend="booking.backends.EmailBackend")
    page = client.get("/developpeurs/").content.decode()
    assert "Se déconnecter" in page
    assert "Se connecter" not in page
    assert "csrfmiddlewaretoken" in page
    script = client.get("/developpeurs/?script=")
    assert script["Content-Type"] == "application/javascript"


def test_a_session_of_the_pages_opens_no_data_of_the_api(client):
    client.force_login(make_account(), backend="booking.backends.EmailBackend")
    assert client.get("/api/v1/agendas").status_code == 401
