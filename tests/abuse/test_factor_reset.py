"""A second factor is taken away by two of the team, a day later, and its owner may stop it."""

import base64
import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django_otp_webauthn.models import WebAuthnCredential

from audit.models import Entry
from booking.accounts.account_letters import about
from booking.accounts.factors import factor_reset, second_factor
from booking.models import CodeApp, FactorReset, Message, RecoveryCode, RecoverySheet, SignIn
from booking.models.message import MessageKind
from booking.outbox.letters import NothingToSay
from booking.tasks import reset_factors
from tests.factories import make_account, make_member, make_practice, verified_client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def owner():
    account = make_account("titulaire@exemple.fr")
    account.client = verified_client(account)
    device = RecoverySheet.objects.create(user=account, name="recovery")
    account.recovery_code = device.add_code()
    return account


@pytest.fixture
def team():
    made = [
        make_account(f"equipe{number}@exemple.fr", is_staff=True, is_superuser=True)
        for number in (1, 2)
    ]
    return [verified_client(each) for each in made]


def page(account):
    return reverse("admin:booking_factorreset_of_account", args=[account.pk])


def ask(client, owner):
    return client.post(page(owner), {"proof": "called-back"})


def factors(account):
    kinds = (CodeApp, RecoverySheet, WebAuthnCredential)
    return sum(kind.objects.filter(user=account).count() for kind in kinds)


def letter(account, kind):
    row = Message.objects.get(account=account, kind=kind)
    said, *rest = about(row, now=row.due_at)
    assert said == kind
    return rest


def link_of(account):
    _to, _language, context = letter(account, MessageKind.FACTOR_RESET)
    return re.sub(r"^https?://[^/]+", "", context["link"])


def actions():
    rows = Entry.objects.filter(action__startswith="second-factor-reset").order_by("at", "id")
    return [(row.action, row.actor_kind) for row in rows]


def test_two_of_the_team_and_a_day_take_it_away(team, owner, now, time_machine):
    first, second = team
    assert ask(first, owner).status_code == 302
    assert Message.objects.filter(account=owner).count() == 0
    assert second.post(page(owner), {"decision": "approve"}).status_code == 302
    to, _language, context = letter(owner, MessageKind.FACTOR_RESET)
    assert to == "titulaire@exemple.fr"
    assert context["due_at"] - now < timedelta(days=1, minutes=1)
    time_machine.move_to(now + timedelta(hours=23, minutes=59))
    reset_factors()
    assert factors(owner) == 2
    SignIn.objects.filter(account=owner).delete()
    signed_in = owner.client.get(reverse("booking:account")).status_code
    time_machine.move_to(now + timedelta(days=1, minutes=1))
    reset_factors()
    reset_factors()
    assert factors(owner) == 0
    assert signed_in == 200 and owner.client.get(reverse("booking:account")).status_code == 302
    assert letter(owner, MessageKind.FACTOR_GONE)[0] == "titulaire@exemple.fr"
    assert actions() == [
        ("second-factor-reset-asked", "staff"), ("second-factor-reset-approved", "staff"),
        ("second-factor-reset", "system"),
    ]  # fmt: skip
    assert {row.subjects[0] for row in Entry.objects.filter(action__contains="reset")} == {owner.pk}
    # Its link has nothing to stop any more, and what is owed of it nothing to say.
    with pytest.raises(NothingToSay):
        letter(owner, MessageKind.FACTOR_RESET)


@pytest.mark.parametrize("signed_in", [False, True])
def test_the_owner_stops_it_by_the_link(signed_in, team, owner, now, time_machine):
    ask(team[0], owner)
    team[1].post(page(owner), {"decision": "approve"})
    link = link_of(owner)
    client = owner.client if signed_in else Client()
    assert "Garder le second facteur" in client.get(link).content.decode()
    # Opening a link changes nothing: mail scanners open all.
    assert factor_reset.announced(owner) is not None
    assert "votre second facteur reste" in client.post(link, follow=True).content.decode()
    # Again, in another tab: it says that it is stopped, and is stopped once.
    for answer in (client.post(link, follow=True), client.get(link)):
        assert "votre second facteur reste" in answer.content.decode()
    assert [action for action, _who in actions()].count("second-factor-reset-stopped") == 1
    assert "arrêtée par le titulaire" in team[0].get(page(owner)).content.decode()
    time_machine.move_to(now + timedelta(days=2))
    reset_factors()
    assert factors(owner) == 2
    assert FactorReset.objects.get().outcome == "stopped"
    assert actions()[-1] == ("second-factor-reset-stopped", "account")
    # And it can be asked for again.
    assert ask(team[0], owner).status_code == 302


def test_the_account_page_leads_to_the_stop(team, owner):
    url = reverse("booking:account")
    ask(team[0], owner)
    assert "garder mon second facteur" not in owner.client.get(url).content.decode()
    team[1].post(page(owner), {"decision": "approve"})
    found = re.search(r'href="(/[^"]+/garder/)"', owner.client.get(url).content.decode())
    assert owner.client.post(found[1])["Location"] == found[1]
    assert factor_reset.pending(owner) is None


def test_one_alone_does_not_suffice(team, owner, now, time_machine):
    first, second = team
    ask(first, owner)
    answer = first.post(page(owner), {"decision": "approve"})
    assert "Une autre personne de l’équipe doit décider." in answer.content.decode()
    assert "Approuver" not in first.get(page(owner)).content.decode()
    assert "Approuver" in second.get(page(owner)).content.decode()
    time_machine.move_to(now + timedelta(days=30))
    reset_factors()
    assert factors(owner) == 2
    row = FactorReset.objects.get()
    row.approved_by = row.asked_by
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_nobody_of_the_team_resets_their_own(team):
    me = make_account("moi@exemple.fr", is_staff=True, is_superuser=True)
    mine = verified_client(me)
    assert "son propre compte" in ask(mine, me).content.decode()
    ask(team[0], me)
    answer = mine.post(page(me), {"decision": "approve"})
    assert "Une autre personne" in answer.content.decode()
    assert factor_reset.pending(me).due_at is None


def test_declined_is_over_and_asked_twice_is_once(team, owner):
    ask(team[0], owner)
    assert "déjà demandée" in ask(team[1], owner).content.decode()
    team[1].post(page(owner), {"decision": "no"})
    assert FactorReset.objects.get().outcome == "declined"
    assert actions()[-1] == ("second-factor-reset-declined", "staff")
    assert Message.objects.filter(account=owner).count() == 0


def shown_on(client, owner):
    """What the page's own form sends of the request that it shows."""
    return re.search(r'name="demande" value="([^"]+)"', client.get(page(owner)).content.decode())[1]


@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_a_page_decides_on_the_request_that_it_shows(team, owner, decision):
    """And on no later one, whose proof its reader has not seen."""
    third = verified_client(make_account("equipe3@exemple.fr", is_staff=True, is_superuser=True))
    ask(team[0], owner)
    old = {"decision": decision, "demande": shown_on(team[1], owner)}
    assert third.post(page(owner), {**old, "decision": "decline"}).status_code == 302
    late = team[1].post(page(owner), old)
    assert "Cette demande est déjà décidée." in late.content.decode()
    assert "obligatoire" not in late.content.decode()
    ask(team[0], owner)
    again = team[1].post(page(owner), old)
    assert "Cette demande est déjà décidée." in again.content.decode()
    assert factor_reset.pending(owner).due_at is None
    # The request that waits now is on the page that answers, to be decided.
    fresh = {"decision": "approve", "demande": shown_on(team[1], owner)}
    assert team[1].post(page(owner), fresh).status_code == 302
    assert factor_reset.pending(owner).due_at is not None


@pytest.mark.parametrize(
    "sent", [{}, {"proof": ""}, {"proof": "curiosity"}, {"decision": "approve"}]
)
def test_what_cannot_be_asked_changes_nothing(sent, team, owner):
    assert team[0].post(page(owner), sent).status_code == 200
    assert FactorReset.objects.count() == 0


def test_where_there_is_none_nothing_is_reset(team):
    bare = make_account("sans@exemple.fr")
    assert "n’a pas de second facteur" in ask(team[0], bare).content.decode()
    assert "Demander" not in team[0].get(page(bare)).content.decode()


@pytest.mark.parametrize(
    "who", ["nobody", "patient", "owner of a practice", "no factor", "no rights"]
)
def test_who_may_not_ask_or_decide(who, team, owner):
    client = Client()
    if who == "patient":
        client = owner.client
    elif who == "owner of a practice":
        client = verified_client(make_member(make_practice(), role="owner").account)
    elif who == "no factor":
        client.force_login(
            make_account("sans@exemple.fr", is_staff=True, is_superuser=True),
            backend="booking.backends.EmailBackend",
        )
    elif who == "no rights":
        client = verified_client(make_account("peu@exemple.fr", is_staff=True))
    assert ask(client, owner).status_code in (302, 403)
    assert FactorReset.objects.count() == 0
    ask(team[0], owner)
    assert client.post(page(owner), {"decision": "approve"}).status_code in (302, 403)
    assert factor_reset.pending(owner).due_at is None


@pytest.mark.parametrize("token", ["x", "a:b:c", "5f0c6e5e-5b5c-4a3b-8a37-0f5b0f6f7a11"])
def test_a_made_up_link_stops_nothing(token, team, owner):
    ask(team[0], owner)
    url = reverse("booking:stop-factor-reset", args=[token])
    assert Client().post(url).status_code == 400
    # Nor does the link of a reset that nobody has agreed to.
    early = factor_reset.stop_token(factor_reset.pending(owner))
    assert Client().post(reverse("booking:stop-factor-reset", args=[early])).status_code == 400
    assert factor_reset.pending(owner) is not None


def test_no_page_of_the_administration_shows_or_makes_factors(team, owner):
    """django-otp's own showed each seed with its picture, and planted codes for any account."""
    assert not {*second_factor.FACTORS, RecoveryCode} & set(admin.site._registry)
    labels = {model._meta.app_label for model in admin.site._registry}
    assert not labels & {"otp_totp", "otp_static", "django_otp", "otp_webauthn"}
    for name in ("booking/codeapp", "booking/recoverysheet", "otp_totp/totpdevice"):
        url = f"/admin/{name}/"
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{name.replace('/', '_')}_changelist")
        assert team[0].get(url).status_code == 404
        assert team[0].post(f"{url}add/", {"user": owner.pk, "name": "x"}).status_code == 404
    row = team[0].get(reverse("admin:booking_account_change", args=[owner.pk])).content.decode()
    seed = CodeApp.objects.get(user=owner).seed
    for text in (seed.hex(), base64.b32encode(seed).decode(), owner.recovery_code):
        assert text not in row
