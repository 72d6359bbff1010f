"""What gives access away is told to every owner, who undoes it by a link and without a session."""

import uuid
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc.jwk import ECKey

from audit.models import Entry
from audit.record.entries import Actor, ActorKind, Channel
from booking.accounts import access_changes, accounts, team
from booking.accounts.accounts import InvalidLink, account_actor
from booking.accounts.addresses import email_change
from booking.models import AccessChange, Message
from booking.models.accounts.access_change import ChangeKind
from booking.models.message import MessageKind
from booking.outbox import kinds
from partners.domain import credentials, feeds, grants, webhooks
from partners.models import CalendarFeed, Grant, PartnerMember, Webhook
from practitioners.models import Invitation, Membership
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_practice,
    verified_client,
)

PASSWORD = "un-autre-mot-de-passe-2031"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def practice():
    return make_practice(name="Cabinet du Parc")


@pytest.fixture
def owners(practice):
    return [make_member(practice, role="owner").account for _each in range(2)]


@pytest.fixture
def actor(practice, owners):
    return Actor(
        kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=owners[0].pk, practice_id=practice.pk
    )


def told():
    return Message.objects.filter(kind=MessageKind.ACCESS_CHANGED).order_by("pk")


def pks(accounts):
    return [account.pk for account in accounts]


def words_of(letter, part="text"):
    """A letter's text or page; in both, an address of somebody is no link (letters.py)."""
    return unescape(getattr(letter, part)).replace("[.]", ".").replace("\u2060", "")


def undo_as(message, now):
    return access_changes.undo(token=access_changes.undo_token(message), now=now)


def test_every_kind_is_handled():
    for kind in ChangeKind:
        handling = access_changes.handling_of(AccessChange(kind=kind))
        assert (handling.undo is None) == (kind in {ChangeKind.IMPORT, ChangeKind.FILE})


def test_software_is_told_to_each_owner_and_undone_by_either(practice, owners, actor, now):
    make_member(practice)
    agenda, credential = make_agenda(practice=practice), make_credential()
    grants.let_in(
        practice=practice, credential=credential, agendas=[agenda], scopes=["appointments:read"],
        fields=[], actor=actor, now=now,
    )  # fmt: skip
    assert {row.account for row in told()} == set(owners)
    letter = kinds.compose(told()[1], now=now)
    assert credential.partner.name in letter.text and "Cabinet du Parc" in letter.subject
    url = reverse("booking:undo-change", args=[access_changes.undo_token(told()[1])])
    assert url in letter.text
    stranger = Client()
    page = stranger.get(url).content.decode()
    assert credential.partner.name in page
    # What the button does, and for how long the link works.
    assert "L’annuler remet les accès comme ils étaient juste avant" in page
    until = timezone.localtime(now + access_changes.UNDONE_WITHIN)
    assert f"Ce lien sert jusqu’au {until.day} décembre {until.year}" in page
    assert Grant.objects.in_force().exists(), "opening the link undoes nothing"
    assert "C’est annulé." in stranger.post(url).content.decode()
    assert not Grant.objects.in_force().exists()
    change = AccessChange.objects.get()
    assert (change.undone_at, change.undone_by) == (now, told()[1].account_id)
    assert undo_as(told()[0], now).undone_by == told()[1].account_id, "twice is once"


def test_what_software_was_given_before_is_given_again(practice, owners, actor, now):
    agenda, credential = make_agenda(practice=practice), make_credential()
    given = {"practice": practice, "credential": credential, "actor": actor, "now": now}
    grants.let_in(**given, agendas=[agenda], scopes=["appointments:read"], fields=[])
    both = ["appointments:read", "appointments:write"]
    grants.let_in(**given, agendas=[agenda, make_agenda(practice=practice)], scopes=both, fields=[])
    undo_as(told().last(), now)
    grant = Grant.objects.in_force().get()
    assert grant.scopes == ["appointments:read"]
    assert list(grant.agendas.all()) == [agenda]


def test_what_was_undone_is_told_to_each_owner_and_on_the_record_as_done_by_a_link(
    practice, owners, actor, now
):
    row = make_member(practice)
    team.set_last_day(membership=row, last_day=date(2027, 1, 1), actor=actor, now=now)
    undo_as(told().get(account=owners[1]), now + timedelta(hours=1))
    undone = Message.objects.filter(kind=MessageKind.ACCESS_UNDONE)
    assert {message.account for message in undone} == set(owners)
    texts = {each.account: words_of(kinds.compose(each, now=now)) for each in undone}
    member, first, second = map(access_changes.known_as, (row.account_id, *pks(owners)))
    for text in texts.values():
        assert "Cabinet du Parc" in text and member in text and "11:00" in text
    assert second in texts[owners[0]] and "depuis votre compte" in texts[owners[0]]
    assert first in texts[owners[1]] and "message qui vous en informait" in texts[owners[1]]
    # Not as if that owner had done it in the dashboard.
    by_link = Entry.objects.filter(actor_id=owners[1].pk, practice_id=practice.pk)
    assert {entry.channel for entry in by_link} == {"link"}
    assert "access-change-undone" in {entry.action for entry in by_link}
    page = verified_client(owners[0]).get(reverse("booking:practice-reads", args=[practice.pk]))
    assert "Changement d’accès annulé" in page.content.decode()
    assert "par le lien d’un message" in page.content.decode()
    # Twice is once.
    undo_as(told().get(account=owners[0]), now + timedelta(hours=2))
    assert undone.count() == 2


def test_an_owner_who_is_none_any_more_is_told_as_well(practice, owners, actor, now):
    invited = make_account("nouvelle@exemple.fr")
    row = team.invite_member(
        practice=practice, email="nouvelle@exemple.fr", role="owner", agendas=[], ends_on=None,
        invited_by=owners[0], actor=actor, now=now,
    )  # fmt: skip
    url = reverse("booking:accept-invitation", args=[team.invite.invitation_token(row)])
    verified_client(invited).post(url)
    undo_as(told()[0], now)
    undone = Message.objects.filter(kind=MessageKind.ACCESS_UNDONE)
    assert {message.account for message in undone} == {*owners, invited}


def test_whatever_a_link_of_a_mail_does_is_on_the_record_as_done_by_a_link(owners, now):
    one, other = owners
    check = email_change.ask(account=one, email="new@exemple.fr", actor=account_actor(one), now=now)
    email_change.stop(token=email_change.stop_token(check), now=now)
    accounts.reset_password(token=accounts.reset_token(other), password=PASSWORD, now=now)
    accounts.end_reminders(token=accounts.link_token(one.pk, salt="reminders"))
    for action in ("email-change-stopped", "password-reset", "reminders-ended"):
        assert Entry.objects.get(action=action).channel == "link"
    own = verified_client(one).get(reverse("booking:reads")).content.decode()
    assert "vous, par le lien d’un message" in own


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_mail_says_whom_it_is_about_who_did_it_and_where(practice, owners, actor, now, part):
    rows = [make_member(practice), make_member(practice)]
    team.set_last_day(membership=rows[0], last_day=date(2027, 1, 1), actor=actor, now=now)
    team.set_last_day(membership=rows[0], last_day=None, actor=actor, now=now)
    team.remove_member(membership=rows[1], actor=actor, now=now)
    names = [access_changes.known_as(row.account_id) for row in rows]
    maker = access_changes.known_as(owners[0].pk)
    for owner, made in zip(owners, ("votre compte", f"le compte {maker}"), strict=True):
        letters = [kinds.compose(each, now=now) for each in told().filter(account=owner)]
        for name, letter in zip([names[0], *names], letters, strict=True):
            body = words_of(letter, part)
            assert f"(secrétaire, {name})" in body and f"depuis {made}" in body
            # In the text too: its subject is elsewhere.
            assert "Cabinet du Parc" in body


def test_a_grant_made_narrower_is_told_as_less(practice, owners, actor, now):
    agendas = [make_agenda(practice=practice) for _each in range(2)]
    credential = make_credential()
    both = ["appointments:read", "appointments:write"]
    said = []
    for chosen, scopes in (
        (agendas, both), (agendas[:1], both), (agendas[:1], both[:1]), (agendas[:1], both[:1]),
        (agendas[1:], both[:1]), (agendas, both),
    ):  # fmt: skip
        grants.let_in(
            practice=practice, credential=credential, agendas=chosen, scopes=scopes, fields=[],
            actor=actor, now=now,
        )  # fmt: skip
        last = told().filter(account=owners[0]).last()
        if last.access_change_id not in [pk for pk, _text in said]:
            said.append((last.access_change_id, kinds.compose(last, now=now).text))
    name = credential.partner.name
    assert f"{name} est autorisé." in said[0][1]
    for _pk, text in said[1:3]:
        assert f"L’autorisation du logiciel {name} est réduite." in text
    assert len(said) == 5, "the same again is told to nobody"
    for _pk, text in said[3:]:
        assert f"L’autorisation du logiciel {name} est changée." in text


def test_an_invitation_is_undone_even_when_it_was_accepted(practice, owners, actor, now):
    invited = make_account("nouvelle@exemple.fr")
    row = team.invite_member(
        practice=practice, email="nouvelle@exemple.fr", role="owner", agendas=[], ends_on=None,
        invited_by=owners[0], actor=actor, now=now,
    )  # fmt: skip
    assert "responsable" in kinds.compose(told()[0], now=now).text
    url = reverse("booking:accept-invitation", args=[team.invite.invitation_token(row)])
    assert verified_client(invited).post(url).status_code == 302
    assert invited.memberships.exists()
    undo_as(told()[0], now)
    assert not invited.memberships.exists()


def test_an_open_invitation_is_worthless_once_undone(practice, owners, actor, now):
    team.invite_member(
        practice=practice, email="n@exemple.fr", role="secretary", agendas=[], ends_on=None,
        invited_by=owners[0], actor=actor, now=now,
    )  # fmt: skip
    undo_as(told()[0], now)
    assert Invitation.objects.get().withdrawn_at == now


def test_a_member_comes_back_as_they_were(practice, owners, actor, now):
    agenda = make_agenda(practice=practice)
    row = make_member(practice, ends_on=date(2027, 3, 1))
    row.agendas.add(agenda)
    account = row.account
    team.remove_member(membership=row, actor=actor, now=now)
    assert not account.memberships.exists()
    undo_as(told()[0], now)
    back = account.memberships.get()
    assert (back.role, back.ends_on, list(back.agendas.all())) == (
        "secretary", date(2027, 3, 1), [agenda],
    )  # fmt: skip


def test_an_owner_who_was_removed_undoes_nothing(practice, owners, actor, now):
    row = Membership.objects.get(account=owners[1])
    team.set_last_day(
        membership=make_member(practice), last_day=date(2027, 1, 1), actor=actor, now=now
    )
    mine = told().get(account=owners[1])
    team.remove_member(membership=row, actor=actor, now=now)
    with pytest.raises(InvalidLink):
        undo_as(mine, now)


def test_a_last_day_is_as_before(practice, owners, actor, now):
    row = make_member(practice)
    team.set_last_day(membership=row, last_day=date(2026, 12, 1), actor=actor, now=now)
    assert "1 décembre 2026" in kinds.compose(told()[0], now=now).text.replace("1er", "1")
    undo_as(told()[0], now)
    row.refresh_from_db()
    assert row.ends_on is None
    team.set_last_day(membership=row, last_day=None, actor=actor, now=now)
    assert told().count() == 2, "what changes nothing is not told"


def test_what_has_changed_again_is_not_put_back_to_what_stood_long_before(
    practice, owners, actor, now
):
    row, later = make_member(practice), now + timedelta(hours=1)
    team.set_last_day(membership=row, last_day=date(2026, 12, 1), actor=actor, now=now)
    team.set_last_day(membership=row, last_day=None, actor=actor, now=later)
    first, last = told().first(), told().last()
    with pytest.raises(access_changes.ChangedSince):
        undo_as(first, later)
    row.refresh_from_db()
    assert row.ends_on is None
    # The last one first, and then the one before.
    undo_as(last, later)
    undo_as(first, later)
    row.refresh_from_db()
    assert row.ends_on is None


def test_a_feed_is_closed(practice, owners, actor, now):
    feeds.open_feed(agenda=make_agenda(practice=practice), label="Mobile", actor=actor, now=now)
    assert "« Mobile »" in kinds.compose(told()[0], now=now).text
    undo_as(told()[0], now)
    assert CalendarFeed.objects.get().revoked_at == now


def test_everybody_of_a_vendor_is_told_of_keys_and_addresses(now, monkeypatch):
    monkeypatch.setattr("partners.domain.outgoing.check", lambda url: None)
    credential = make_credential()
    accounts = [make_account() for _each in range(2)]
    for account in accounts:
        PartnerMember.objects.create(partner=credential.partner, account=account, created_at=now)
    actor = Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=accounts[0].pk)
    key = credentials.add_key(
        credential=credential,
        jwk=ECKey.generate_key("P-256", {"kid": "two"}, private=False).as_dict(private=False),
        actor=actor,
    )
    assert {row.account for row in told()} == set(accounts)
    undo_as(told()[0], now)
    key.refresh_from_db()
    assert key.revoked_at == now
    webhooks.register(credential=credential, url="https://exemple.fr/", actor=actor, now=now)
    undo_as(told().last(), now)
    assert Webhook.objects.get().ended_at == now


def test_a_file_is_told_and_has_nothing_to_undo(practice, owners, now):
    client = verified_client(owners[0])
    answer = client.get(reverse("booking:practice-reads-csv", args=[practice.pk]))
    assert answer.status_code == 200
    assert told().count() == 2
    text = kinds.compose(told()[0], now=now).text
    assert "téléchargé" in text and reverse("booking:sessions") in text
    assert "/annuler/" not in text
    with pytest.raises(InvalidLink):
        undo_as(told()[0], now)


def test_a_link_ends_after_thirty_days_and_a_made_up_one_never_opens(practice, owners, actor, now):
    feeds.open_feed(agenda=make_agenda(practice=practice), label="M", actor=actor, now=now)
    with pytest.raises(InvalidLink):
        undo_as(told()[0], now + timedelta(days=31))
    for token in ("x", access_changes.link_token(uuid.uuid4(), salt="stop-factor-reset")):
        url = reverse("booking:undo-change", args=[token])
        assert Client().get(url).status_code == 400
        assert Client().post(url).status_code == 400
