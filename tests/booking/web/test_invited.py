"""An invitation's link, opened by whichever account, leads through to the practice."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from booking.models import Account
from booking.outbox import sending
from practitioners.domain.staff import invite
from practitioners.models import Membership
from tests.conftest import NOW
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    practice_actor,
    verified_client,
)
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
ADDRESS = "Collegue@Exemple.fr"


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def invitation(agenda):
    return invite.invite(
        practice=agenda.practice, email=ADDRESS, role="secretary", agendas=[agenda],
        invited_by=make_member(agenda.practice, role="owner").account,
        actor=practice_actor(agenda.practice), now=NOW,
    )  # fmt: skip


@pytest.fixture
def link(invitation):
    return reverse("booking:accept-invitation", args=[invite.invitation_token(invitation)])


def read(client, address):
    return client.get(address).content.decode().replace("<wbr>", "")


def test_signed_out_it_says_who_invites_whom_and_offers_both_ways(agenda, link):
    page = read(Client(), link)
    for said in (agenda.practice.name, ADDRESS, "Secrétaire", str(agenda.practitioner)):
        assert said in page
    ways = re.findall(r'href="([^"]*\?next=[^"]*invitation[^"]*)"', page)
    paths = {way.partition("?")[0] for way in ways}
    assert {reverse("booking:sign-in"), reverse("booking:sign-up")} <= paths
    for way in ways:
        entry = read(Client(), way)
        assert agenda.practice.name in entry
        assert f'value="{ADDRESS}"' in entry


def test_who_has_an_account_signs_in_joins_and_lands_in_the_practice(agenda, link):
    make_account("collegue@exemple.fr")
    client = Client()
    sign_in = f"{reverse('booking:sign-in')}?next={link}"
    answer = client.post(sign_in, {"email": ADDRESS, "password": PASSWORD, "next": link})
    assert answer["Location"] == link
    assert "Rejoindre le cabinet" in read(client, link)
    answer = client.post(link)
    assert answer["Location"] == reverse("booking:agenda", args=[agenda.practice_id])
    assert Membership.objects.get(account__email_verified_at__isnull=False, role="secretary")


def test_who_has_none_signs_up_with_that_address_and_comes_back(link):
    client = Client()
    client.post(
        f"{reverse('booking:sign-up')}?next={link}",
        {"email": ADDRESS, "password": PASSWORD, "next": link},
    )
    sending.send_owed(now=NOW)
    letter = next(m for m in mail.outbox if "Vérif" in m.subject or m.to == [ADDRESS])
    code = re.search(r"^(\d{3} \d{3})$", letter.body, re.M)[1]
    answer = client.post(reverse("booking:check-mail"), {"code": code})
    answer = client.post(answer["Location"], {"password": PASSWORD})
    assert answer["Location"] == link
    assert "Rejoindre le cabinet" in read(client, link)
    client.post(link)
    assert Membership.objects.filter(role="secretary").count() == 1


def test_another_account_is_told_so_and_changes(agenda, link):
    other = make_account("zoe@exemple.fr")
    client = verified_client(other)
    page = read(client, link)
    assert "Vous êtes connecté avec zoe@exemple.fr" in page and ADDRESS in page
    assert "Rejoindre le cabinet" not in page
    refused = client.post(link)
    assert refused.status_code == 400 and ADDRESS in refused.content.decode()
    change = page[page.index("<main") : page.index("Changer de compte</button>")]
    action = re.findall(r'<form method="post" action="([^"]+)"', change)[-1]
    answer = client.post(action, {"next": re.findall(r'name="next" value="([^"]+)"', change)[-1]})
    assert answer["Location"] == link
    assert "J’ai un compte" in read(client, link)
    assert not Membership.objects.filter(account=other).exists()


def test_a_form_that_comes_after_the_session_ended_accepts_nothing(link):
    answer = Client().post(link)
    assert answer.status_code == 400
    assert "J’ai un compte" in answer.content.decode()
    assert not Membership.objects.filter(role="secretary").exists()


def test_opened_again_it_leads_its_member_to_the_practice_and_nobody_else(agenda, link):
    colleague = verified_client(make_account(ADDRESS))
    colleague.post(link)
    again = colleague.get(link)
    assert again["Location"] == reverse("booking:agenda", args=[agenda.practice_id])
    for client in (Client(), verified_client(make_account())):
        answer = client.get(link)
        assert answer.status_code == 400
        assert agenda.practice.name not in answer.content.decode()
    # Nor once the access has been taken away.
    Membership.objects.filter(role="secretary").delete()
    assert colleague.get(link).status_code == 400


@pytest.mark.parametrize(
    "target", ["/", "/invitation/1/", "/invitation/x:y/", "//evil.example/invitation/1/", "/é/"]
)
def test_no_other_target_fills_in_an_address(invitation, target):
    page = read(Client(), f"{reverse('booking:sign-in')}?next={target}")
    assert ADDRESS not in page
    assert Account.objects.count() == 1
