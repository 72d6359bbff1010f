"""A night's theft, found, with two people of the team who answer for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.incidents import notices, workflow
from audit.incidents.severity import Severity
from audit.models import (
    ApprovalOf,
    Incident,
    Notice,
    NoticeKind,
    NoticeState,
)
from audit.record.entries import Actor, ActorKind, Channel
from tests.factories import make_account, make_member, make_patient
from tests.partners.software import Software
from tests.partners.theft import (
    OWN_KEY,
    make_visits,
    make_watched_grant,
    reveal,
    steal,
)

SEVERE = Severity(
    dpc=3, ei=1, confidentiality=0.5, intent=0.5, people=5, reasons="noms et téléphones"
)


@pytest.fixture
def night(now):
    """The credential's own readings, then a thief's; what they opened, and the incident."""
    parent = make_account()
    child = make_patient(parent, first_name="Zoé", relation="child")
    self_ = make_patient(parent, first_name="Jeanne", phone="+33639980999")
    visits = make_visits(now=now, patients=[self_, child])
    grant = make_watched_grant(visits, now=now)
    owner = make_member(grant.practice, role="owner")
    own = reveal(Software(grant.credential, key=OWN_KEY), visits[-1])
    assert own.status_code == 200
    opened = steal(grant, visits)
    return Night(grant=grant, visits=visits, opened=opened, owner=owner, account=parent)


class Night:
    def __init__(self, **values):
        self.__dict__.update(values)
        self.incident = Incident.objects.get()


@pytest.fixture
def two():
    return [person() for _ in range(2)]


def person():
    account = make_account(is_staff=True)
    return Actor(kind=ActorKind.STAFF, channel=Channel.ADMIN, id=account.pk)


def told(night, two, now):
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PRACTICES, actor=two[0], now=now)
    assert notices.send_due(now=timezone.now()) >= 1  # the alert and the containment, no draft
    assert not Notice.objects.filter(kind=NoticeKind.CONTROLLER, state=NoticeState.SENT).exists()
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    notices.send_due(now=timezone.now() + timedelta(seconds=1))
