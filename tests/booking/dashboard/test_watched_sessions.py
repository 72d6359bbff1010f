"""A member's session that behaves like a thief's: asked who it is, then stopped; others work on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.incidents import workflow
from audit.incidents.exposure import exposure_of
from audit.models import ApprovalOf, Entry, Incident, Notice, NoticeKind, State, Watched
from audit.record.entries import Actor, ActorKind, Channel
from audit.views.factor import CODE_GIVEN_AT
from booking.dashboard.practice import incidents
from booking.models import Account, Appointment, Message, Patient
from booking.models.message import MessageKind
from booking.oversight.queries.incidents import Exposed
from tests.factories import make_account, make_member, verified_client
from tests.partners.theft import make_visits
from tests.support.watched_sessions import code_of

pytestmark = pytest.mark.django_db
# A Tuesday long after the visits: nothing asks for them any more.
LATER = datetime(2027, 3, 9, 9, 0, tzinfo=UTC)


@pytest.fixture
def visits(now, time_machine):
    time_machine.move_to(now, tick=True)
    rows = make_visits(now=now)
    time_machine.move_to(LATER, tick=True)
    return rows


@pytest.fixture
def owner(visits):
    return make_member(visits[0].practice, role="owner")


@pytest.fixture
def secretary(visits):
    return make_member(visits[0].practice, role="secretary").account


def page(visit):
    return reverse("booking:visit", args=[visit.practice_id, visit.pk])


def walk(client, visits):
    """Open one visit after the other; how many were shown before something else came."""
    for n, visit in enumerate(visits):
        answer = client.get(page(visit))
        if answer.status_code != 200:
            return n, answer
    return len(visits), None


def give_code(client, account, answer):
    second_factor = client.get(answer.headers["Location"], follow=True)
    assert "code" in second_factor.redirect_chain[-1][0]
    address = second_factor.request["PATH_INFO"] + "?" + second_factor.request["QUERY_STRING"]
    return client.post(address, {"code": code_of(account)})


def test_a_days_work_is_never_in_the_way(visits, secretary, time_machine):
    Appointment.unscoped.update(created_at=timezone.now() - timedelta(hours=2))
    client = verified_client(secretary)
    assert walk(client, visits)[0] == len(visits)
    assert Watched.objects.get(pk=secretary.pk).level == 0
    assert not Incident.objects.exists()


def test_whoever_opens_one_after_the_other_is_asked_and_then_stopped(visits, owner, secretary):
    staff = make_account(is_staff=True)
    client = verified_client(secretary)
    shown, asked = walk(client, visits)
    assert 1 <= shown <= 6
    assert asked.status_code == 302
    assert reverse("booking:second-factor") in asked.headers["Location"]
    # What was asked for was not opened, and nothing else is while the code is owed.
    assert Entry.objects.filter(action="reveal", actor_id=secretary.pk).count() == shown
    assert client.get(page(visits[0])).status_code == 302
    answer = give_code(client, secretary, asked)
    assert answer.headers["Location"] == page(visits[shown])
    more, stopped = walk(client, visits[shown:])
    assert 3 <= more <= 20
    assert stopped.status_code == 403
    assert "suspendu" in stopped.content.decode()
    incident = Incident.objects.get()
    assert incident.state == State.CONTAINED
    opened = {visit.patient_id for visit in visits[: shown + more]}
    assert set(exposure_of(incident, now=timezone.now()).subjects) == opened
    told = set(incident.notices.values_list("kind", "recipient_id"))
    assert told == {(NoticeKind.STAFF, staff.pk), (NoticeKind.CONTAINMENT, owner.account_id)}
    actions = set(Entry.objects.filter(object_id=secretary.pk).values_list("action", flat=True))
    assert actions >= {"member-asked", "member-stopped"}
    # Signed out everywhere; who signs in again is a patient, and no member, for now.
    assert client.get(reverse("booking:my-appointments")).status_code == 302
    again = verified_client(Account.objects.get(pk=secretary.pk))
    assert again.get(reverse("booking:my-appointments")).status_code == 200
    assert again.get(page(visits[0])).status_code == 403
    # The practice works on.
    agenda = reverse("booking:agenda", args=[visits[0].practice_id])
    assert verified_client(owner.account).get(agenda).status_code == 200


def test_a_page_that_was_refused_leaves_nothing_learned(visits, secretary):
    """Not the day's sums, not the habits: it is judged when it is asked for again, and once."""
    client = verified_client(secretary)
    shown, _asked = walk(client, visits)
    state = Watched.objects.get(pk=secretary.pk).state
    assert state["now"]["opened"] == shown
    assert sum(state["blocks"].values()) == pytest.approx(sum(state["uses"].values()))
    assert state["by_practice"] == {visits[0].practice_id.hex: shown}
    assert len(state["trail"]) == min(shown, 8)
    assert state["asked"]


def test_a_session_without_the_second_factor_gets_no_further(visits, secretary):
    """The owner of the account answers in her own session: the stolen one must answer itself."""
    own, stolen = verified_client(secretary), verified_client(secretary)
    shown, asked = walk(stolen, visits)
    assert asked.status_code == 302
    assert give_code(own, secretary, own.get(page(visits[0]))).status_code == 302
    assert own.get(page(visits[0])).status_code == 200
    assert stolen.get(page(visits[0])).status_code == 302
    assert shown <= 6


def test_an_owner_has_the_list_of_an_incident_at_once(visits, owner, monkeypatch):
    """However many were exposed: it is what the practice must tell them from."""
    patients = [Patient(pk=visit.patient_id) for visit in visits]
    rows = Patient.unscoped.in_bulk([patient.pk for patient in patients])
    listed = [Exposed(patient=row, first_at=LATER, last_at=LATER) for row in rows.values()]
    incident = Incident.objects.create(number=7, began_at=LATER, detected_at=LATER)
    monkeypatch.setattr(incidents, "exposed_at", lambda *_args, **_named: listed)
    Notice.objects.create(
        incident=incident, kind=NoticeKind.CONTROLLER, recipient_id=owner.account_id,
        practice_id=owner.practice_id, channel="email", state="sent", due_at=LATER, created_at=LATER,
    )  # fmt: skip
    url = reverse("booking:practice-incident", args=[owner.practice_id, 7])
    answer = verified_client(owner.account).get(url)
    assert answer.status_code == 200
    assert answer.content.decode().count("Quatrefages") >= len(visits)
    assert Account.objects.get(pk=owner.account_id).asked_at is None


def test_a_program_that_goes_on_without_the_code_is_stopped(visits, secretary):
    stolen = verified_client(secretary)
    shown, _asked = walk(stolen, visits)
    answers = [stolen.get(page(visit)).status_code for visit in visits[shown : shown + 10]]
    assert answers.count(403) == 1
    before = answers[: answers.index(403)]
    assert set(before) == {302}
    assert len(before) == 7
    assert Incident.objects.get().sources.get().holder_id == secretary.pk
    assert Account.objects.get(pk=secretary.pk).stopped_at is not None
    # What it had opened before it was asked is what was exposed.
    opened = {visit.patient_id for visit in visits[:shown]}
    assert set(exposure_of(Incident.objects.get(), now=timezone.now()).subjects) == opened


def test_a_strange_place_is_asked_sooner(visits, secretary, time_machine):
    home = verified_client(secretary)
    Appointment.unscoped.filter(pk=visits[0].pk).update(created_at=timezone.now())
    assert home.get(page(visits[0])).status_code == 200
    elsewhere = verified_client(secretary)
    elsewhere.defaults |= {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "curl"}
    assert walk(elsewhere, visits[1:])[0] <= 2


def test_what_was_opened_at_work_is_judged_anew_from_elsewhere(visits, secretary):
    """A stolen session that reads what its owner has read today is no repetition of hers."""
    Appointment.unscoped.update(created_at=timezone.now() - timedelta(hours=2))
    assert walk(verified_client(secretary), visits)[0] == len(visits)
    stolen = verified_client(secretary)
    stolen.defaults |= {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "curl"}
    assert walk(stolen, visits)[0] <= 12
    # From her own place it is the same again, and weighs nothing.
    Account.objects.filter(pk=secretary.pk).update(asked_at=None)
    level = Watched.objects.get(pk=secretary.pk).level
    assert walk(verified_client(secretary), visits)[0] == len(visits)
    assert Watched.objects.get(pk=secretary.pk).level <= level


def test_looking_for_people_by_name_asks_too_in_the_end(visits, secretary):
    client = verified_client(secretary)
    Watched.objects.create(id=secretary.pk, kind="account", at=timezone.now(), level=5.99)
    url = reverse("booking:find-patients", args=[visits[0].practice_id])
    answer = client.post(url, {"q": "Quatrefages3"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith(reverse("booking:second-factor"))
    assert not Entry.objects.filter(action="reveal", actor_id=secretary.pk).exists()


def stopped_by_the_watch(client, account, visits):
    shown, asked = walk(client, visits)
    give_code(client, account, asked)
    assert walk(client, visits[shown:])[1].status_code == 403
    return Incident.objects.get()


@pytest.mark.parametrize("of", [ApprovalOf.FALSE_ALARM, ApprovalOf.RELEASE])
def test_two_people_let_a_member_in_again(visits, owner, secretary, of):
    two = [
        Actor(kind=ActorKind.STAFF, channel=Channel.ADMIN, id=make_account(is_staff=True).pk)
        for _ in range(2)
    ]
    incident = stopped_by_the_watch(verified_client(secretary), secretary, visits)
    approval = workflow.ask(incident, of, actor=two[0], now=timezone.now())
    workflow.decide(approval, is_approved=True, actor=two[1], now=timezone.now())
    account = Account.objects.get(pk=secretary.pk)
    assert account.stopped_at is None
    mail = Message.objects.filter(account=account, kind=MessageKind.RESET_PASSWORD)
    if of == ApprovalOf.RELEASE:
        assert not account.has_usable_password()
        assert mail.exists()
    else:
        assert account.has_usable_password()
        assert not mail.exists()
    client = verified_client(account)
    session = client.session
    session[CODE_GIVEN_AT] -= 3600
    session.save()
    asked = client.get(page(visits[0]))
    assert asked.status_code == 302
