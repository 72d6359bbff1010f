"""What gives access away is told to every owner, who undoes it by a link and without a session."""

import uuid
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from joserfc.jwk import ECKey

from audit.record.entries import Actor, ActorKind, Channel
from booking.domain import access_changes, delivery, team
from booking.domain.accounts import InvalidLink
from booking.models import AccessChange, Message
from booking.models.access_change import ChangeKind
from booking.models.message import MessageKind
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
    letter = delivery.compose(told()[1], now=now)
    assert credential.partner.name in letter.text and "Cabinet du Parc" in letter.subject
    url = reverse("booking:undo-change", args=[access_changes.undo_token(told()[1])])
    assert url in letter.text
    stranger = Client()
    assert credential.partner.name in stranger.get(url).content.decode()
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


def test_an_invitation_is_undone_even_when_it_was_accepted(practice, owners, actor, now):
    invited = make_account("nouvelle@exemple.fr")
    row = team.invite_member(
        practice=practice, email="nouvelle@exemple.fr", role="owner", agendas=[], ends_on=None,
        invited_by=owners[0], actor=actor, now=now,
    )  # fmt: skip
    assert "responsable" in delivery.compose(told()[0], now=now).text
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
    assert "1 décembre 2026" in delivery.compose(told()[0], now=now).text.replace("1er", "1")
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
    assert "« Mobile »" in delivery.compose(told()[0], now=now).text
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
    text = delivery.compose(told()[0], now=now).text
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
