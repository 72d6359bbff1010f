"""The people of a practice: invitations, roles, and the end of an access."""

from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Message
from booking.outbox.sending import send_owed
from practitioners.domain.staff.invite import invitation_token
from practitioners.models import Invitation, Membership
from tests.factories import make_account, make_agenda, make_member, verified_client
from tests.support.dashboard import agenda, client, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_a_colleague_is_invited_with_a_role_and_chosen_agendas(agenda, client):
    other = make_agenda(practice=agenda.practice)
    data = {"email": "collegue@exemple.fr", "role": "secretary", "agendas": [other.pk]}
    assert client.post(url("members", agenda), data).status_code == 302
    assert Message.objects.filter(kind="invitation").count() == 1
    colleague = make_account("collegue@exemple.fr")
    link = reverse("booking:accept-invitation", args=[invitation_token(Invitation.objects.get())])
    verified_client(colleague).post(link)
    membership = Membership.objects.get(account=colleague)
    assert membership.role == "secretary"
    assert list(membership.agendas.all()) == [other]
    page = verified_client(colleague).get(url("agenda", agenda)).content.decode()
    assert str(other.practitioner) in page
    assert str(agenda.practitioner) not in page


INVITED = {"email": "Collegue@Exemple.fr", "role": "secretary"}


def invited_once(agenda, client):
    assert client.post(url("members", agenda), INVITED).status_code == 302
    return Invitation.objects.get()


def test_a_pending_invitation_is_listed_and_withdrawn(agenda, client, now):
    invitation = invited_once(agenda, client)
    page = client.get(url("members", agenda)).content.decode()
    assert "Collegue@Exemple.fr" in page and "Invitations en attente" in page
    assert client.post(url("withdraw-invitation", agenda, invitation.pk)).status_code == 302
    assert Entry.objects.filter(action="invitation-withdrawn").count() == 1
    assert "Collegue@Exemple.fr" not in client.get(url("members", agenda)).content.decode()
    link = reverse("booking:accept-invitation", args=[invitation_token(invitation)])
    colleague = make_account("collegue@exemple.fr")
    assert verified_client(colleague).post(link).status_code == 400
    assert not Membership.objects.filter(account=colleague).exists()
    # Its mail, if it has not left, says nothing any more; and it is withdrawn once.
    send_owed(now=now + timedelta(minutes=1))
    assert Message.objects.get(kind="invitation").state == "void"
    again = client.post(url("withdraw-invitation", agenda, invitation.pk), follow=True)
    assert "déjà acceptée ou retirée" in again.content.decode()
    assert Entry.objects.filter(action="invitation-withdrawn").count() == 1


def test_an_invitation_is_withdrawn_by_its_own_practice_alone(agenda, client):
    invitation = invited_once(agenda, client)
    stranger = make_member(make_agenda().practice, role="owner")
    other = reverse("booking:withdraw-invitation", args=[stranger.practice_id, invitation.pk])
    assert verified_client(stranger.account).post(other).status_code == 404
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is None


@pytest.mark.parametrize("email", ["Collegue@Exemple.fr", "collegue@exemple.fr "])
def test_an_address_is_invited_once_at_a_time(agenda, client, email, time_machine):
    invitation = invited_once(agenda, client)
    page = client.post(url("members", agenda), {**INVITED, "email": email})
    assert "déjà invitée" in page.content.decode()
    assert Invitation.objects.count() == 1 == Message.objects.filter(kind="invitation").count()
    # Another practice may; so may this one when the first is withdrawn or too old.
    other = make_agenda()
    owner = verified_client(make_member(other.practice, role="owner").account)
    assert owner.post(url("members", other), INVITED).status_code == 302
    client.post(url("withdraw-invitation", agenda, invitation.pk))
    assert client.post(url("members", agenda), INVITED).status_code == 302
    time_machine.shift(timedelta(days=8))
    client = verified_client(Membership.objects.filter(practice=agenda.practice).first().account)
    assert "Collegue" not in client.get(url("members", agenda)).content.decode()
    assert client.post(url("members", agenda), INVITED).status_code == 302


def test_who_is_of_the_team_is_not_invited_unless_their_access_is_over(agenda, client, now):
    member = make_member(agenda.practice, role="practitioner")
    member.account = make_account("collegue@exemple.fr")
    member.save()
    page = client.post(url("members", agenda), INVITED).content.decode()
    assert "déjà de l’équipe" in page
    assert not Invitation.objects.exists()
    member.ends_on = now.date() - timedelta(days=1)
    member.save()
    invitation = invited_once(agenda, client)
    link = reverse("booking:accept-invitation", args=[invitation_token(invitation)])
    assert verified_client(member.account).post(link).status_code == 302
    member.refresh_from_db()
    assert (member.role, member.ends_on) == ("secretary", None)


def test_a_removed_member_is_out_at_once(agenda, client):
    member = make_member(agenda.practice, role="secretary")
    theirs = verified_client(member.account)
    assert theirs.get(url("agenda", agenda)).status_code == 200
    client.post(url("remove-member", agenda, member.pk))
    answer = theirs.get(url("agenda", agenda))
    assert answer.status_code == 403
    assert "a pris fin le" in answer.content.decode()


def test_removing_somebody_asks_first(agenda, client):
    member = make_member(agenda.practice, role="secretary")
    page = client.get(url("members", agenda)).content.decode()
    address = url("remove-member", agenda, member.pk)
    before = page.partition(address)[0]
    # The form stands closed, behind a word that only opens it.
    assert before.rpartition("<details")[2].startswith(">")
    assert "</details>" not in before.rpartition("<details")[2]
    assert "n’a plus accès au cabinet, tout de suite" in before.rpartition("<details")[2]


def test_the_last_owner_stays(agenda, client):
    owner = Membership.objects.get()
    page = client.post(url("remove-member", agenda, owner.pk), follow=True).content.decode()
    assert "Un cabinet garde au moins un responsable." in page
    assert Membership.objects.count() == 1
