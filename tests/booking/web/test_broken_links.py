"""Links of mails that are broken, used or too old: what is said, and where it leads on."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from audit.record.entries import system_actor
from booking.accounts import access_changes, team
from booking.accounts.addresses import email_change
from booking.accounts.factors import factor_reset
from booking.models import FactorReset, Message
from booking.models.accounts.factor_reset import ResetOutcome
from booking.models.message import MessageKind
from booking.patients import handover
from tests.factories import make_account, make_member, make_patient, make_practice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
# Where one asks for another link, and what the page says of it.
ASKED_AGAIN = {
    "reset-password": ("booking:forgotten", "Demander un nouveau lien"),
    "verify-email": ("booking:sign-in", "recommencez"),
}


def client_of(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def links():
    """Every page that the link of a mail opens by its token."""
    table = get_resolver().namespace_dict["booking"][1].reverse_dict
    return sorted(
        name
        for name, ways in table.lists()
        if isinstance(name, str) and any(way[0][0][1] == ["token"] for way in ways)
    )


def main_of(answer):
    return re.search(r"<main.*</main>", answer.content.decode(), re.S)[0]


@pytest.mark.parametrize("name", links())
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_broken_link_asks_for_nothing_that_nobody_can_give(name, method):
    url = reverse(f"booking:{name}", args=["x"])
    for client in (Client(), client_of(make_account())):
        answer = getattr(client, method)(url)
        if answer.status_code == 302:
            assert answer["Location"].startswith(reverse("booking:sign-in"))
            continue
        if name == "no-reminders" and method == "get":
            # Any link shows the button alone: nothing is looked up before it is pressed.
            continue
        page = main_of(answer)
        assert answer.status_code in (400, 404)
        assert "Demandez-en un nouveau" not in page
        if name in ASKED_AGAIN:
            onward, words = ASKED_AGAIN[name]
            assert words in page
            assert reverse(onward) in page or reverse("booking:account") in page
        assert '<a href="/' in page or '<a class="button" href="/' in page


def test_a_link_that_undoes_says_for_how_long_and_for_whom_it_serves(now):
    practice = make_practice()
    owner, member = make_member(practice, role="owner"), make_member(practice)
    team.remove_member(membership=member, actor=system_actor(), now=now - timedelta(days=31))
    message = Message.objects.get(kind=MessageKind.ACCESS_CHANGED, account=owner.account)
    url = reverse("booking:undo-change", args=[access_changes.undo_token(message)])
    for answer in (Client().get(url), Client().post(url)):
        assert answer.status_code == 400
        assert "trente jours, à qui est encore responsable" in main_of(answer)


def test_a_change_of_address_that_can_be_stopped_no_more_says_so(now):
    account = make_account()
    check = email_change.ask(
        account=account, email="new@exemple.fr", actor=system_actor(), now=now - timedelta(days=4)
    )
    url = reverse("booking:stop-email-change", args=[email_change.stop_token(check)])
    assert "pendant trois jours" in main_of(Client().get(url))


def test_a_reset_that_was_carried_out_says_what_to_do(now):
    reset = FactorReset.objects.create(
        account=make_account(), proof="papers", asked_by=make_account().pk, asked_at=now,
        approved_by=make_account().pk, approved_at=now, due_at=now, ended_at=now,
        outcome=ResetOutcome.DONE,
    )  # fmt: skip
    url = reverse("booking:stop-factor-reset", args=[factor_reset.stop_token(reset)])
    assert "changez de mot de passe" in main_of(Client().get(url))


def test_a_file_that_was_taken_says_so_to_its_account_alone(now):
    parent, grown = make_account(), make_account("noe@exemple.fr")
    child = make_patient(parent, first_name="Noé", relation="child")
    row = handover.offer(
        patient=child, email="noe@exemple.fr", account=parent, actor=system_actor(), now=now
    )
    url = reverse("booking:accept-handover", args=[handover.handover_token(row)])
    client = client_of(grown)
    assert client.post(url).status_code == 302
    for method in ("get", "post"):
        answer = getattr(client, method)(url, follow=True)
        assert answer.redirect_chain == [(reverse("booking:people"), 302)]
        assert "ce dossier est dans votre compte" in answer.content.decode()
    for other in (parent, make_account()):
        answer = client_of(other).get(url)
        assert answer.status_code == 400
        assert "déjà fait" not in answer.content.decode()
