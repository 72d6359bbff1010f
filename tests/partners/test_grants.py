"""A practice lets software in, sees what it does and shuts it out, on its dashboard."""

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry
from partners.domain import grants, scopes, tokens
from partners.models import Grant
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    practice_actor,
    verified_client,
)
from tests.support.partner_clients import client as api_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def owner(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


@pytest.fixture
def credential():
    return make_credential("AgendaPlus")


@pytest.fixture
def page(agenda):
    return reverse("partners:software", args=[agenda.practice_id])


def form(credential, agenda, **changed):
    return {
        "credential": str(credential.pk), "agendas": [str(agenda.pk)],
        "scopes": ["agendas:read", "patients:reveal"], "identity": ["last_name"],
    } | changed  # fmt: skip


def test_a_practice_lets_software_in_and_shuts_it_out(owner, agenda, credential, page):
    assert "Aucun logiciel" in owner.get(page).content.decode()
    answer = owner.post(page, form(credential, agenda), follow=True)
    assert "AgendaPlus est autorisé." in answer.content.decode()
    grant = Grant.objects.get()
    assert (grant.scopes, grant.fields) == (["agendas:read", "patients:reveal"], ["last_name"])
    software = api_client(credential)
    assert software.get("/api/v1/agendas").json()["agendas"][0]["id"] == str(agenda.pk)
    withdraw = reverse("partners:withdraw", args=[agenda.practice_id, grant.pk])
    assert "immédiat" in owner.post(withdraw, follow=True).content.decode()
    assert software.get("/api/v1/agendas").status_code == 403


def test_what_was_given_and_withdrawn_is_on_the_record(owner, agenda, credential, page):
    owner.post(page, form(credential, agenda))
    grant = Grant.objects.get()
    for _twice in range(2):
        owner.post(reverse("partners:withdraw", args=[agenda.practice_id, grant.pk]))
    found = Entry.objects.filter(object_id=grant.pk).order_by("at", "id")
    assert [entry.action for entry in found] == ["grant-given", "grant-withdrawn"]
    assert found[0].details["fields"] == ["last_name"]
    assert found[0].practice_id == agenda.practice_id


def test_giving_again_replaces_what_was_given(owner, agenda, credential, page):
    owner.post(page, form(credential, agenda))
    changing = owner.get(f"{page}?modifier={Grant.objects.get().pk}").content.decode()
    assert str(credential.pk) in changing
    assert "Modifier l’autorisation" in changing
    owner.post(page, form(credential, agenda, scopes=["slots:read"]))
    grant = Grant.objects.get()
    assert (grant.scopes, grant.fields) == (["slots:read"], [])
    assert tokens.granted_scopes(credential) == ["slots:read"]


def test_a_withdrawn_grant_can_be_given_anew(owner, agenda, credential, page):
    owner.post(page, form(credential, agenda))
    Grant.objects.update(revoked_at=timezone.now())
    owner.post(page, form(credential, agenda))
    assert Grant.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"credential": "nothing"}, "Aucun logiciel n’a cet identifiant."),
        ({"credential": "01a00000-0000-7000-8000-00000000ffff"}, "Aucun logiciel n’a cet identifiant."),
        ({"agendas": []}, "Ce champ est obligatoire."), ({"scopes": []}, "Ce champ est obligatoire."),
        ({"identity": []}, "Choisissez ce que le logiciel peut ouvrir."),
        ({"scopes": ["everything"]}, "Sélectionnez un choix valide."),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_used_says_why_and_keeps_what_was_typed(
    owner, agenda, credential, page, changed, words
):
    answer = owner.post(page, form(credential, agenda) | changed)
    text = answer.content.decode()
    assert words in text
    assert changed.get("credential", str(credential.pk)) in text
    assert not Grant.objects.exists()


def test_suspended_software_is_not_let_in(owner, agenda, credential, page):
    credential.suspended_at = timezone.now()
    credential.save()
    answer = owner.post(page, form(credential, agenda))
    assert "suspendu" in answer.content.decode()
    assert not Grant.objects.exists()


def test_another_practices_agenda_cannot_be_given(owner, agenda, credential, page):
    """CVE-2023-3700's analogue: the agenda comes from the request."""
    other = make_agenda()
    answer = owner.post(page, form(credential, agenda, agendas=[str(other.pk)]))
    assert answer.status_code == 200
    assert not Grant.objects.exists()
    with pytest.raises(ValueError, match="another practice"):
        grants.give(
            practice=agenda.practice, credential=credential, agendas=[other],
            scopes=[scopes.AGENDAS_READ], fields=[], actor=practice_actor(),
        )  # fmt: skip


def test_another_practices_grant_cannot_be_withdrawn(owner, agenda, credential):
    other = make_agenda()
    grant = make_grant(credential, other)
    for practice_id in (agenda.practice_id, other.practice_id):
        url = reverse("partners:withdraw", args=[practice_id, grant.pk])
        assert owner.post(url).status_code == 404
    grant.refresh_from_db()
    assert grant.revoked_at is None


def test_a_delegated_owner_gives_only_the_delegated_agendas(agenda, credential, page):
    sibling = make_agenda(practice=agenda.practice)
    member = make_member(agenda.practice, role="owner")
    member.agendas.add(sibling)
    delegate = verified_client(member.account)
    delegate.post(page, form(credential, agenda))
    assert not Grant.objects.exists()
    delegate.post(page, form(credential, sibling))
    assert list(Grant.objects.get().agendas.all()) == [sibling]
