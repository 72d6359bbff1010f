"""What the watch decides stands, also where what was refused is rolled back as a whole."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, Incident, Watched
from booking.models import (
    Account,
    Conversation,
    Document,
    PatientMerge,
    PracticePatient,
    Wait,
)  # fmt: skip
from tests.factories import make_member, verified_client
from tests.support.merging import world  # noqa: F401

pytestmark = pytest.mark.django_db
# Long after the visits: nothing asks for what the files hold any more.
LATER = datetime(2027, 3, 9, 9, 0, tzinfo=UTC)


@pytest.fixture
def suspect(world, now, time_machine):
    """A practitioner whose bucket is nearly full, and two files that they are about to merge."""
    practice, kept, other, _visit = world
    time_machine.move_to(LATER, tick=True)
    Conversation.unscoped.update(waits_for_practice=False, changed_at=now)
    Document.unscoped.update(opened_at=now, given_at=now)
    Wait.unscoped.update(ended_at=now)
    account = make_member(practice, role="practitioner").account
    Watched.objects.create(
        pk=account.pk, kind="account", level=5.99, at=timezone.now(), since=timezone.now()
    )
    url = reverse("booking:merge-patients", args=[practice.pk])
    ask = f"{url}?fiche={kept.pk}&fiche={other.pk}"
    return account, verified_client(account), lambda client: client.post(ask, {"garder": kept.pk})


def nothing_was_merged():
    return not PatientMerge.unscoped.exists() and PracticePatient.objects.count() == 2


def test_a_merge_that_is_asked_about_stays_asked_about(suspect):
    account, client, merge = suspect
    answer = merge(client)
    assert reverse("booking:second-factor") in answer["Location"]
    assert nothing_was_merged()
    assert Account.objects.get(pk=account.pk).asked_at is not None
    assert Entry.objects.filter(action="member-asked", object_id=account.pk).count() == 1
    # The session does nothing further until the code is given.
    assert reverse("booking:second-factor") in merge(client)["Location"]


def test_a_merge_that_stops_its_author_leaves_them_stopped(suspect):
    account, client, merge = suspect
    Watched.objects.update(level=40, state={"asked": timezone.now().timestamp()})
    answer = merge(client)
    assert answer.status_code == 403
    assert nothing_was_merged()
    assert Account.objects.get(pk=account.pk).stopped_at is not None
    assert Incident.objects.get().sources.get().holder_id == account.pk
    assert Entry.objects.filter(action="member-stopped", object_id=account.pk).count() == 1
