"""A stolen credential, used through the API: stopped in the very request, and everybody told."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from audit.incidents import notices
from audit.incidents.exposure import exposure_of
from audit.models import Entry, Incident, Notice, NoticeKind, State, Watched
from booking.models import Appointment
from partners.domain import tokens
from partners.domain.scopes import SCOPES
from tests.factories import make_account, make_member
from tests.partners.software import Software
from tests.partners.theft import (
    ELSEWHERE,
    OWN_KEY,
    STOLEN,
    make_visits,
    make_watched_grant,
    reveal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def visits(now):
    return make_visits(now=now)


@pytest.fixture
def grant(visits, now):
    return make_watched_grant(visits, now=now)


@pytest.fixture
def known(grant):
    return Software(grant.credential, key=OWN_KEY)


def test_a_thief_from_elsewhere_is_stopped_within_a_few(known, grant, visits):
    owner = make_member(grant.practice, role="owner")
    staff = make_account(is_staff=True)
    thief = Software(grant.credential, key=STOLEN)
    answers = []
    for visit in visits:
        answers.append(reveal(thief, visit, address=ELSEWHERE))
        if answers[-1].status_code != 200:
            break
    opened = len(answers) - 1
    assert 1 <= opened <= 6
    assert answers[-1].status_code == 403
    assert answers[-1].json()["type"] == "urn:doctolib:problem:suspended"
    # Its tokens and the software's own are dead, and no token can be had.
    for software in (thief, known):
        refused = software.get("appointments")
        assert refused.status_code == 401
        assert refused.json()["type"] == "urn:doctolib:problem:suspended"
    incident = Incident.objects.get()
    assert incident.state == State.CONTAINED
    (source,) = incident.sources.all()
    assert source.networks == ["203.0.113.0/24"]
    assert source.keys == [STOLEN.thumbprint()[:16]]
    told = Notice.objects.filter(incident=incident)
    assert set(told.values_list("kind", "recipient_id")) == {
        (NoticeKind.STAFF, staff.pk), (NoticeKind.CONTAINMENT, owner.account_id)
    }  # fmt: skip
    actions = set(Entry.objects.filter(object_id=incident.pk).values_list("action", flat=True))
    assert actions >= {"incident-opened", "incident-contained"}


def test_what_the_agenda_explains_is_never_in_the_way(known, grant, visits, now):
    Appointment.unscoped.update(created_at=now - timedelta(hours=3))
    assert {reveal(known, visit).status_code for visit in visits[:10]} == {200}
    assert Watched.objects.get(pk=grant.credential_id).level == 0
    assert not Incident.objects.exists()


def test_every_opening_says_on_the_record_through_what_it_came(known, visits):
    reveal(known, visits[0])
    entry = Entry.objects.get(action="reveal")
    assert entry.details["network"] == "198.51.100.0/24"
    assert entry.details["key"] == OWN_KEY.thumbprint()[:16]
    assert (entry.details["reason"], entry.details["weight"]) == ("none", 1.0)


def test_the_own_network_is_judged_by_what_is_read(known, grant, visits, now):
    """A thief in the software's own place, with its own key, a visit a minute."""
    statuses = []
    for minute, visit in enumerate(visits):
        with time_machine.travel(now + timedelta(minutes=minute)):
            statuses.append(reveal(Software(grant.credential, key=OWN_KEY), visit).status_code)
    opened = statuses.index(403)
    assert 5 < opened < len(visits)
    assert set(statuses[opened + 1 :]) <= {401}
    assert Incident.objects.count() == 1
    assert Incident.objects.get().sources.get().tokens


def test_nobody_closes_a_month_on_their_first_day(grant, visits, time_machine):
    """At the end of a month past visits are read to invoice, by software that has a past."""
    closing = visits[17].starts_at.replace(day=31, month=12, hour=10)
    time_machine.move_to(closing, tick=True)
    past = [visit for visit in visits if visit.starts_at < closing - timedelta(days=3)]
    known = Software(grant.credential, key=OWN_KEY)
    assert reveal(known, past[0]).status_code == 200
    assert Entry.objects.get(action="reveal").details["weight"] == 0
    Watched.objects.all().delete()
    assert reveal(known, past[1]).status_code == 200
    judged = Entry.objects.filter(action="reveal").order_by("at").last().details
    assert (judged["reason"], judged["weight"]) == ("closing", 1.0)


def test_another_request_in_flight_is_refused_too(known, grant, visits, now):
    thief = Software(grant.credential, key=STOLEN)
    token = tokens.issue(
        credential=grant.credential, scopes=SCOPES, thumbprint=STOLEN.thumbprint(), now=now
    )
    Watched.objects.update(level=100.0, at=now)
    assert reveal(thief, visits[0], address=ELSEWHERE).status_code == 403
    assert tokens.find(token, now=now).credential.suspended_at is not None
    assert not Entry.objects.filter(action="reveal").exists()


def test_the_news_leave_once(known, grant, visits, now):
    make_member(grant.practice, role="owner")
    make_account(is_staff=True)
    Watched.objects.update(level=100.0, at=now)
    reveal(Software(grant.credential, key=STOLEN), visits[0], address=ELSEWHERE)
    assert notices.send_due(now=timezone.now()) == 2
    assert notices.send_due(now=timezone.now()) == 0
    subjects = sorted(each.subject for each in mail.outbox)
    assert subjects[0].startswith("AgendaPlus est suspendu")
    assert subjects[1].startswith("Incident n° 1")
    # Written so that no mail program makes a link of it (audit/plain_text.py).
    assert "203[.]0[.]113[.]0/24" in mail.outbox[0].body + mail.outbox[1].body
    ids = [each.extra_headers["Message-ID"] for each in mail.outbox]
    assert len(set(ids)) == 2


def test_nobody_lets_it_in_again_alone_from_the_shell(known, grant, visits, now):
    Watched.objects.update(level=100.0, at=now)
    reveal(Software(grant.credential, key=STOLEN), visits[0], address=ELSEWHERE)
    with pytest.raises(CommandError, match="two people"):
        call_command("partner", "let-in", str(grant.credential_id))
    grant.credential.refresh_from_db()
    assert grant.credential.suspended_at is not None


def show(software, *, key, address=ELSEWHERE):
    """Show software's own token with another key's proof, or with none."""
    copied = Software(software.credential, key=key or OWN_KEY)
    copied.token, copied.address = software.token, address
    if key is None:
        headers = {"Authorization": f"Bearer {software.token}"}
        return Client(REMOTE_ADDR=address).get("/api/v1/appointments", headers=headers)
    return copied.get("appointments")


@pytest.mark.parametrize("key", [STOLEN, None], ids=["another key", "no key"])
def test_a_copied_token_is_dead_once_it_is_shown(known, grant, key):
    assert show(known, key=key).status_code == 401
    assert known.get("appointments").status_code == 401
    # Its own software asks for another one and works on.
    assert Software(grant.credential, key=OWN_KEY).get("appointments").status_code == 200
    assert not Incident.objects.exists()


def test_whoever_gets_hold_of_token_after_token_stops_the_credential(known, grant, now):
    shown = 0
    while not Incident.objects.exists():
        assert show(Software(grant.credential, key=OWN_KEY), key=STOLEN).status_code == 401
        shown += 1
        assert shown < 10
    assert shown > 2
    (source,) = Incident.objects.get().sources.all()
    assert source.networks == ["203.0.113.0/24"]
    assert "token" in {sign["code"] for sign in Incident.objects.get().signs}
    assert known.get("appointments").status_code == 401
    assert not exposure_of(Incident.objects.get(), now=timezone.now()).subjects


def test_asking_on_though_the_budget_is_spent_is_noticed(known, grant, visits, now):
    Appointment.unscoped.update(created_at=now - timedelta(hours=3))
    answers = [reveal(known, visit).status_code for visit in visits[:12]]
    assert answers.count(429) == 2
    level = Watched.objects.get(pk=grant.credential_id).level
    assert 0 < level < 0.1
    elsewhere = reveal(Software(grant.credential, key=OWN_KEY), visits[13], address=ELSEWHERE)
    assert elsewhere.status_code == 429
    assert Watched.objects.get(pk=grant.credential_id).level > level + 0.03
