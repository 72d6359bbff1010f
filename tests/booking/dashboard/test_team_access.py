"""The access of a team's members: its last day, its end, and giving it back oneself."""

from datetime import timedelta

import pytest
import rules
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking import rules as booking_rules
from booking.models import Account
from practitioners.domain.staff import invite
from practitioners.models import Invitation, Membership
from tests.conftest import NOW
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_practice,
    practice_actor,
    verified_client,
)
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
OWNER, PRACTITIONER, SECRETARY = "owner", "practitioner", "secretary"
EVERYBODY = {OWNER, PRACTITIONER, SECRETARY}
# As docs and practices know it, and not as the code says it: a role too many shows here.
WHO_MAY = {
    "view_agenda": EVERYBODY,
    "change_appointments": EVERYBODY,
    "join_video": {OWNER, PRACTITIONER},
    "view_patients": EVERYBODY,
    "change_absences": EVERYBODY,
    "change_openings": {OWNER, PRACTITIONER},
    "change_reasons": {OWNER, PRACTITIONER},
    "merge_patients": {OWNER, PRACTITIONER},
    "import_patients": {OWNER},
    "view_record": {OWNER},
    "change_members": {OWNER},
    "change_practice": {OWNER},
    "change_grants": {OWNER},
    "change_feeds": {OWNER, PRACTITIONER},
}
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def practice():
    return make_agenda().practice


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_a_role_may_do_what_it_is_for_and_nothing_else(practice, role):
    membership = make_member(practice, role=role)
    expected = {name: role in roles for name, roles in WHO_MAY.items()}
    assert booking_rules.permissions_of(membership) == expected
    for name, may in expected.items():
        assert rules.has_perm(f"booking.{name}", membership.account, membership) is may
        assert rules.has_perm(f"booking.{name}", membership.account, None) is False


@pytest.fixture
def owner(practice):
    return make_member(practice, role="owner").account


def former(practice):
    member = make_member(practice, role="secretary")
    member.ends_on = YESTERDAY
    member.save()
    return member.account


def test_an_invitation_to_a_past_day_is_refused(practice, owner):
    page = reverse("booking:members", args=[practice.pk])
    given = {"email": "collegue@exemple.fr", "role": "secretary"}
    client = verified_client(owner)
    refused = client.post(page, given | {"ends_on": YESTERDAY.isoformat()})
    assert refused.status_code == 200
    assert "Ce jour est passé" in refused.content.decode()
    assert not Invitation.objects.exists()
    # Today is a day of access still.
    assert client.post(page, given | {"ends_on": TODAY.isoformat()}).status_code == 302


def test_an_invitation_whose_access_would_be_over_is_not_accepted(practice, owner, time_machine):
    invitation = invite.invite(
        practice=practice, email="collegue@exemple.fr", role="secretary", agendas=[],
        invited_by=owner, actor=practice_actor(practice), now=NOW, ends_on=TODAY,
    )  # fmt: skip
    client = verified_client(make_account(email="collegue@exemple.fr"))
    link = reverse("booking:accept-invitation", args=[invite.invitation_token(invitation)])
    assert client.get(link).status_code == 200
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 400
        assert "demandez au cabinet de vous inviter de nouveau" in answer.content.decode()
    assert Membership.objects.filter(practice=practice).count() == 1


def test_a_past_day_for_a_member_says_that_the_access_ends_at_once(practice, owner):
    member = make_member(practice, role="secretary")
    page = reverse("booking:date-member", args=[practice.pk, member.pk])
    client = verified_client(owner)
    said = client.post(page, {"ends_on": YESTERDAY.isoformat()}, follow=True).content.decode()
    assert "l’accès prend fin tout de suite" in said
    assert "accès terminé" in said


def test_a_last_day_is_not_overwritten_unseen(practice, owner):
    member = make_member(practice, role="secretary")
    page = reverse("booking:date-member", args=[practice.pk, member.pk])
    client = verified_client(owner)
    client.post(page, {"vu": "", "ends_on": "2027-01-31"})
    said = client.post(page, {"vu": "", "ends_on": "2027-03-31"}, follow=True).content.decode()
    assert "changé entre-temps" in said
    member.refresh_from_db()
    assert str(member.ends_on) == "2027-01-31"


def test_a_former_member_reads_since_when_and_a_stranger_nothing(practice):
    page = reverse("booking:agenda", args=[practice.pk])
    answer = verified_client(former(practice)).get(page)
    text = answer.content.decode()
    assert answer.status_code == 403
    assert f"Votre accès à {practice.name} a pris fin le 23 novembre 2026" in text
    assert reverse("booking:workplaces") in text
    assert verified_client(make_account()).get(page).status_code == 404
    assert Client().get(page).status_code == 302


def test_a_member_leaves_by_themselves_except_the_last_owner(practice, owner):
    member = make_member(practice, role="secretary")
    client = verified_client(member.account)
    page = reverse("booking:leave-practice", args=[member.pk])
    assert page in client.get(reverse("booking:workplaces")).content.decode()
    assert client.post(page).status_code == 302
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert Entry.objects.filter(action="member-removed", object_id=member.pk).exists()
    # Also by the record, where the row is gone; a stranger learns nothing of the practice.
    answer = client.get(reverse("booking:agenda", args=[practice.pk]))
    assert answer.status_code == 403
    assert (
        f"Votre accès à {practice.name} a pris fin le 24 novembre 2026" in answer.content.decode()
    )
    elsewhere = make_practice()
    assert client.get(reverse("booking:agenda", args=[elsewhere.pk])).status_code == 404
    own = Membership.objects.get(account=owner)
    last = reverse("booking:leave-practice", args=[own.pk])
    client = verified_client(owner)
    shown = client.get(reverse("booking:workplaces")).content.decode()
    assert last not in shown and "le seul responsable" in shown
    client.post(last)
    assert Membership.objects.filter(pk=own.pk).exists()
    other = make_member(practice, role="owner")
    assert client.post(reverse("booking:leave-practice", args=[other.pk])).status_code == 404
    client.post(last)
    assert list(Membership.objects.filter(practice=practice)) == [other]


def test_leaving_leads_back_to_erasing_which_then_goes(practice):
    make_member(practice, role="owner")
    member = make_member(practice, role="secretary")
    client, erasing = verified_client(member.account), reverse("booking:erase-account")
    leave = reverse("booking:leave-practice", args=[member.pk])
    assert leave in client.get(erasing).content.decode()
    answer = client.post(leave, {"vers": "effacer"})
    assert answer["Location"] == erasing
    assert 'name="password"' in client.get(erasing).content.decode()


def test_a_former_member_erases_their_account(practice):
    account = former(practice)
    client = verified_client(account)
    answer = client.post(reverse("booking:erase-account"), {"password": PASSWORD})
    assert answer.status_code == 302
    assert not Account.objects.get(pk=account.pk).is_active
    assert not Membership.objects.filter(account=account).exists()
