"""Software whose vendor the team has not verified opens nobody, whatever an owner's cookie grants."""

import pytest
from django.urls import reverse
from django.utils import timezone

from partners.domain import grants, identities, vendors
from partners.models import Credential, Grant, Partner
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_practice,
    practice_actor,
    verified_client,
)

pytestmark = pytest.mark.django_db
REVEALS = ["appointments:read", "patients:reveal"]


def form(credential, agenda, scopes):
    return {
        "credential": str(credential.pk), "agendas": [agenda.pk], "scopes": scopes,
        "identity": ["last_name"],
    }  # fmt: skip


def test_a_practice_grants_it_no_identity_and_reads_why():
    practice = make_practice()
    agenda, credential = make_agenda(practice=practice), make_credential(is_verified=False)
    client = verified_client(make_member(practice, role="owner").account)
    url = reverse("partners:software", args=[practice.pk])
    answer = client.post(url, form(credential, agenda, REVEALS))
    assert "pas encore vérifié" in str(answer.context["form"].errors["scopes"])
    assert not Grant.objects.exists()
    client.post(url, form(credential, agenda, ["appointments:read"]))
    assert Grant.objects.get().scopes == ["appointments:read"]
    Partner.objects.update(verified_at=timezone.now())
    client.post(url, form(credential, agenda, REVEALS))
    assert Grant.objects.get().scopes == REVEALS


def test_a_practice_to_try_things_on_opens_to_its_own_vendor_alone(now):
    owner = make_account()
    partner = vendors.found(name="Essais", account=owner, actor=practice_actor(), now=now)
    credential = Credential.objects.create(partner=partner, label="Poste")
    practice = vendors.make_sandbox(
        credential=credential, account=owner, actor=practice_actor(), now=now
    )
    assert "patients:reveal" in vendors.sandbox_of(credential).scopes
    stranger = make_credential("Autre", is_verified=False)
    with pytest.raises(identities.NotVerified):
        grants.give(
            practice=practice, credential=stranger, agendas=[], scopes=REVEALS,
            fields=["last_name"], actor=practice_actor(),
        )  # fmt: skip
