"""Notices of an incident to practices, patients and the team."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from audit.incidents import notices, workflow
from audit.incidents.post import NotTaken
from audit.incidents.workflow import NotNow
from audit.models import ApprovalOf, Incident, Notice, NoticeKind, NoticeState
from audit.record.entries import Actor, ActorKind, Channel
from booking.oversight import incident_post
from tests.support.incidents import SEVERE, night, person, told, two  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def test_each_practice_gets_its_own_numbers_and_duties(night, two, now):
    told(night, two, now)
    letter = next(each for each in mail.outbox if "Violation" in each.subject)
    assert f"{len(night.opened)}, liste exacte" in letter.body
    assert "prénom, nom, téléphone" in letter.body
    assert "72 heures" in letter.body
    assert f"/incidents/{night.incident.number}/" in letter.body
    assert "Quatrefages" not in letter.body
    assert notices.send_due(now=timezone.now() + timedelta(days=1)) == 0


def test_what_was_refused_can_be_asked_again_and_is_told(night, two, now):
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PRACTICES, actor=two[0], now=now)
    workflow.decide(approval, is_approved=False, actor=two[1], now=now)
    workflow.file_form(night.incident, actor=two[0], now=now)
    with pytest.raises(NotNow, match="cabinets"):
        workflow.notified(night.incident, actor=two[0], now=now)
    told(night, two, now)
    assert any("Violation" in each.subject for each in mail.outbox)
    workflow.notified(night.incident, actor=two[0], now=now)


def test_patients_are_told_once_where_their_practice_delegated(night, two, now):
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PATIENTS, actor=two[0], now=now)
    assert not night.incident.notices.filter(kind=NoticeKind.PATIENT).exists()
    workflow.decide(approval, is_approved=False, actor=two[1], now=now)
    owner = Actor(kind=ActorKind.ACCOUNT, channel=Channel.DASHBOARD, id=night.owner.account_id)
    for _ in range(2):
        workflow.delegate(night.incident, practice_id=night.grant.practice_id, actor=owner, now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PATIENTS, actor=two[0], now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    mail.outbox.clear()
    notices.send_due(now=now + timedelta(hours=13))  # 23:00 in Paris
    # Mail wakes nobody; texts wait for the morning.
    texts = night.incident.notices.filter(channel="sms")
    assert set(texts.values_list("state", flat=True)) == {NoticeState.OWED}
    assert notices.send_due(now=now + timedelta(hours=21, minutes=59)) == 0
    notices.send_due(now=now + timedelta(hours=22))
    letters = [each for each in mail.outbox if "Quelqu’un" in each.subject]
    # An account with two people is one letter that names both; the others one each.
    family = [each for each in letters if "Zoé" in each.body]
    assert len(family) == 1
    assert "Jeanne" in family[0].body
    assert len(letters) == len(night.opened) - 1
    assert night.incident.notices.filter(channel="sms", state=NoticeState.SENT).count() > 1
    workflow.ask(night.incident, ApprovalOf.PATIENTS, actor=two[0], now=now)
    assert not night.incident.notices.filter(state=NoticeState.DRAFT).exists()


def test_sending_can_wait_and_go_on(night, two, now):
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    approval = workflow.ask(night.incident, ApprovalOf.PRACTICES, actor=two[0], now=now)
    workflow.pause(night.incident, is_paused=True, actor=two[0], now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    notices.send_due(now=timezone.now())
    controller = night.incident.notices.filter(kind=NoticeKind.CONTROLLER)
    assert controller.get().state == NoticeState.OWED
    workflow.pause(night.incident, is_paused=False, actor=two[0], now=now)
    notices.send_due(now=timezone.now())
    assert controller.get().state == NoticeState.SENT


@pytest.mark.parametrize(
    ("taken", "state"),
    [(True, NoticeState.SENT), (False, NoticeState.OWED), (None, NoticeState.UNSURE)],
)
def test_a_sender_that_died_leaves_a_question(night, now, monkeypatch, taken, state):
    notice = night.incident.notices.get(kind=NoticeKind.CONTAINMENT)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.HANDED, handed_at=now)
    post = incident_post.POST
    monkeypatch.setattr(
        "audit.incidents.notices.post", lambda: _with(post, was_taken=lambda _notice: taken)
    )
    notices._settle_abandoned(now=now + timedelta(seconds=30))
    assert Notice.objects.get(pk=notice.pk).state == NoticeState.HANDED
    notices._settle_abandoned(now=now + timedelta(seconds=61))
    assert Notice.objects.get(pk=notice.pk).state == state


def _with(post, **changes):
    from dataclasses import replace

    return replace(post, **changes)


def test_what_was_refused_is_tried_again_and_then_given_up(night, monkeypatch):
    def refuse(_notice):
        raise NotTaken("451")

    monkeypatch.setattr(
        "audit.incidents.notices.post", lambda: _with(incident_post.POST, send=refuse)
    )
    notice = night.incident.notices.get(kind=NoticeKind.CONTAINMENT)
    at = timezone.now()
    for attempt in range(1, 9):
        notices.send_due(now=at)
        notice.refresh_from_db()
        assert (notice.attempts, notice.problem) == (attempt, "451")
        at = notice.due_at
    assert notice.state == NoticeState.FAILED


def test_a_training_tells_the_team_and_nobody_outside(night, two, now):
    Incident.objects.update(is_training=True)
    night.incident.refresh_from_db()
    mail.outbox.clear()
    notices.owe(night.incident, NoticeKind.STAFF, incident_post.staff(), now=now)
    told(night, two, now)
    assert {each.subject for each in mail.outbox} == {
        f"EXERCICE · Incident n° {night.incident.number}\u00a0: AgendaPlus a été arrêté"
    }
    assert len(mail.outbox) == 2
    assert night.incident.notices.filter(kind=NoticeKind.CONTROLLER, state="sent").exists()


def test_one_notice_that_cannot_be_made_holds_up_no_other(night, monkeypatch):
    broken = night.incident.notices.get(kind=NoticeKind.CONTAINMENT)

    def send(notice):
        if notice.pk == broken.pk:
            raise ValueError
        incident_post.POST.send(notice)

    person()
    monkeypatch.setattr(
        "audit.incidents.notices.post", lambda: _with(incident_post.POST, send=send)
    )
    night.incident.notices.filter(pk=broken.pk).update(due_at=timezone.now() - timedelta(days=1))
    notices.owe(night.incident, NoticeKind.STAFF, incident_post.staff(), now=timezone.now())
    assert notices.send_due(now=timezone.now() + timedelta(seconds=1)) == 1
    broken.refresh_from_db()
    assert broken.state == NoticeState.HANDED
