"""An incident from the theft to its end: what was exposed, who is told, and what takes two."""

import json
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.incidents import authority, evidence, incidents, notices, overview, score, workflow
from audit.incidents.exposure import exposure_of
from audit.incidents.severity import Level, Severity, proposed
from audit.incidents.workflow import NotNow
from audit.models import Approval, ApprovalOf, Entry, Incident, NoticeKind, State
from audit.record import seal
from partners.models import Credential
from tests.factories import make_account, make_member, verified_client
from tests.partners.software import Software
from tests.partners.theft import OWN_KEY, STOLEN, make_visits, make_watched_grant, reveal, steal
from tests.support.incidents import SEVERE, night, person, told, two  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


VERIFIER = Path(__file__).resolve().parents[2] / "static/record/verify_record.py"


def test_the_exposure_is_exactly_what_the_thief_opened(night):
    exposure = exposure_of(night.incident, now=timezone.now())
    assert set(exposure.subjects) == {visit.patient_id for visit in night.opened}
    assert exposure.entries == len(night.opened)
    assert {name.rpartition(".")[2] for name in exposure.fields} == {
        "first_name", "last_name", "phone"
    }  # fmt: skip
    assert list(exposure.practices) == [night.grant.practice_id]


def test_nobody_decides_alone(night, two, now):
    approval = workflow.ask(night.incident, ApprovalOf.FALSE_ALARM, actor=two[0], now=now)
    with pytest.raises(NotNow, match="seconde personne"):
        workflow.decide(approval, is_approved=True, actor=two[0], now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(
            decided_by=two[0].id, decided_at=now, is_approved=True
        )
    assert Credential.objects.get(pk=night.grant.credential_id).suspended_at is not None


def test_a_false_alarm_is_undone_in_two_clicks(night, two, now):
    approval = workflow.ask(night.incident, ApprovalOf.FALSE_ALARM, actor=two[0], now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    night.incident.refresh_from_db()
    assert (night.incident.state, night.incident.is_false_alarm) == (State.CLOSED, True)
    assert Credential.objects.get(pk=night.grant.credential_id).suspended_at is None
    # Its tokens from before stay dead; with a new one it works on, from where it was stopped, too.
    again = Software(night.grant.credential, key=STOLEN)
    assert reveal(again, night.visits[20], address="203.0.113.9").status_code == 200
    actions = set(
        Entry.objects.filter(object_id=night.incident.pk).values_list("action", flat=True)
    )
    assert {"incident-asked-false-alarm", "incident-approved-false-alarm"} <= actions
    assert night.incident.notices.filter(kind=NoticeKind.RELEASED).count() == 1


def test_a_release_after_a_theft_ends_the_keys(now, two):
    visits = make_visits(now=now)
    grant = make_watched_grant(visits, now=now)
    from partners.domain import keys

    keys.register_key(credential=grant.credential, jwk=OWN_KEY.as_dict(private=False))
    steal(grant, visits)
    incident = Incident.objects.get()
    approval = workflow.ask(incident, ApprovalOf.RELEASE, actor=two[0], now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    credential = Credential.objects.get(pk=grant.credential_id)
    assert credential.suspended_at is None
    assert not credential.keys.filter(revoked_at__isnull=True).exists()
    incident.refresh_from_db()
    assert incident.state == State.CONTAINED
    # What was read after the release is no part of it.
    before = exposure_of(incident, now=now + timedelta(days=9)).entries
    later = Software(credential, key=OWN_KEY)
    reveal(later, visits[-1])
    assert exposure_of(incident, now=now + timedelta(days=9)).entries == before


def test_the_steps_come_in_their_order(night, two, now):
    one = two[0]
    with pytest.raises(NotNow, match="évalué"):
        workflow.file_form(night.incident, actor=one, now=now)
    with pytest.raises(NotNow, match="évalué"):
        workflow.ask(night.incident, ApprovalOf.PRACTICES, actor=one, now=now)
    workflow.assess(night.incident, severity=SEVERE, actor=one, now=now)
    with pytest.raises(NotNow, match="autorité"):
        workflow.notified(night.incident, actor=one, now=now)
    with pytest.raises(NotNow, match="72"):
        workflow.file_form(night.incident, actor=one, now=now + timedelta(hours=73))
    workflow.file_form(night.incident, actor=one, now=now + timedelta(hours=73), late="panne")
    with pytest.raises(NotNow, match="cabinets"):
        workflow.notified(night.incident, actor=one, now=now)
    with pytest.raises(NotNow, match="terminées"):
        workflow.ask(night.incident, ApprovalOf.CLOSE, actor=one, now=now)
    told(night, two, now)
    workflow.notified(night.incident, actor=one, now=now)
    approval = workflow.ask(night.incident, ApprovalOf.CLOSE, actor=one, now=now)
    workflow.decide(approval, is_approved=True, actor=two[1], now=now)
    night.incident.refresh_from_db()
    assert night.incident.state == State.CLOSED
    with pytest.raises(NotNow, match="clos"):
        workflow.assess(night.incident, severity=SEVERE, actor=one, now=now)


def test_the_form_says_what_the_law_asks(night, two, now):
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    made = authority.as_json(Incident.objects.get(), now=timezone.now())
    answers = {k: v for section in made["sections"] for k, v in section["answers"].items()}
    assert answers["people"] == str(len(night.opened))
    assert answers["records"] == str(len(night.opened))
    assert answers["data"] == "prénom, nom, téléphone"
    assert answers["severity"] == "4 (très élevée)"
    assert "203.0.113.0/24" in answers["found"]
    assert answers["kind"] == "initiale"
    assert answers["late"] == "sans objet"
    workflow.file_form(Incident.objects.get(), actor=two[0], now=now)
    later = authority.as_json(Incident.objects.get(), now=timezone.now())
    assert later["sections"][0]["answers"]["kind"] == "complémentaire"
    pdf = authority.as_pdf(Incident.objects.get(), now=timezone.now())
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 2000


# What is sealed must be committed.
@pytest.mark.django_db(transaction=True)
def test_the_evidence_fits_and_shows_every_change(night, tmp_path):
    seal.seal_entries(now=timezone.now())
    text = "".join(evidence.evidence_lines(night.incident, now=timezone.now()))
    done = verified(tmp_path, text)
    assert done.returncode == 0, done.stdout
    assert f"{len(night.opened)} openings of {len(night.opened)} people" in done.stdout
    assert "Quatrefages" not in text
    lines = text.splitlines(keepends=True)
    subject = next(iter(json.loads(lines[2])["subjects"]))
    for changed in (
        "".join(lines[:3] + lines[4:]),
        "".join(lines[:-1]),
        text.replace("detected_at", "detected_xt", 1),
        text.replace(subject, str(uuid.uuid4())),
        text + lines[2],
    ):
        done = verified(tmp_path, changed)
        assert done.returncode == 1, done.stdout
        assert "DOES NOT FIT" in done.stdout


def verified(tmp_path, text):
    file = tmp_path / "incident.jsonl"
    file.write_text(text)
    return subprocess.run(
        [sys.executable, str(VERIFIER), "evidence", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_clock_runs_until_the_form_is_filed(night, two, now):
    detected = night.incident.detected_at
    clock = overview.clock(night.incident, now=detected + timedelta(hours=24))
    assert (clock.hours, clock.share, clock.is_stopped) == (48, 33, False)
    assert overview.clock(night.incident, now=detected + timedelta(hours=80)).hours < 0
    assert incidents.deadline(night.incident) == detected + timedelta(hours=72)
    workflow.assess(night.incident, severity=SEVERE, actor=two[0], now=now)
    workflow.file_form(Incident.objects.get(), actor=two[0], now=detected + timedelta(hours=2))
    clock = overview.clock(Incident.objects.get(), now=detected + timedelta(hours=80))
    assert (clock.hours, clock.is_stopped) == (70, True)


@pytest.mark.parametrize(
    ("inputs", "score", "level"),
    [
        # The method's own bounds: low under 2, medium under 3, high under 4, very high from 4.
        ({"dpc": 1, "ei": 1}, 1.0, Level.LOW),
        ({"dpc": 2, "ei": 1}, 2.0, Level.MEDIUM),
        ({"dpc": 4, "ei": 0.75}, 3.0, Level.HIGH),
        ({"dpc": 4, "ei": 0.75, "confidentiality": 0.5, "intent": 0.5}, 4.0, Level.VERY_HIGH),
        ({"dpc": 1, "ei": 0.25, "availability": 0.25}, 0.5, Level.LOW),
    ],
)
def test_severity_is_the_methods(inputs, score, level):
    severity = Severity(**inputs)
    assert (severity.score, severity.level) == (score, level)
    assert not severity.is_of_many
    assert Severity(**inputs, people=101).is_of_many
    assert Severity.read(severity.written()) == severity


def test_what_is_proposed_follows_from_what_was_read():
    names = ["booking_patient.first_name", "booking_patient.last_name"]
    assert proposed(fields=[*names, "booking_patient.phone"], people=3).ei == 1.0
    assert proposed(fields=names, people=3).ei == 0.5
    assert proposed(fields=["booking_appointment.note"], people=3).dpc == 4.0
    assert proposed(fields=[], people=0).cb == 0.0


def test_an_exercise_is_scored_by_what_people_did_when(night, two, now):
    def taken():
        exposure = exposure_of(night.incident, now=now)
        found = score.marks(Incident.objects.get(), exposure=exposure)
        return {mark.code: (mark.taken, mark.is_met) for mark in found}

    before = taken()
    assert before.pop("contain")[1]
    assert set(before.values()) == {(None, False)}
    detected = Incident.objects.get().detected_at
    for minutes in (20, 30):
        incidents.seen(night.incident, actor=two[0], now=detected + timedelta(minutes=minutes))
    workflow.assess(
        night.incident, severity=SEVERE, actor=two[0], now=detected + timedelta(minutes=90)
    )
    workflow.file_form(night.incident, actor=two[0], now=detected + timedelta(hours=71))
    after = taken()
    assert after["see"] == (timedelta(minutes=20), False)
    assert after["assess"] == (timedelta(minutes=90), True)
    assert after["authority"] == (timedelta(hours=71), True)
    assert after["practices"] == (None, False)
    told(night, two, now)
    assert taken()["practices"][0] is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4, "4 s"),
        (125, "2 min"),
        (7500, "2 h 05 min"),
        (90000, "25 h"),
        (273600, "3 j 4 h"),
        (259200, "3 j"),
    ],
)
def test_periods_read_as_people_say_them(seconds, text):
    assert score.in_short(timedelta(seconds=seconds)).replace("\u00a0", " ") == text


def test_somebody_tells_of_a_stolen_key(now):
    visits = make_visits(now=now)
    grant = make_watched_grant(visits, now=now)
    make_member(grant.practice, role="owner")
    reveal(Software(grant.credential, key=OWN_KEY), visits[0])
    staff = verified_client(make_account(is_staff=True))
    url = reverse("incidents:report")
    given = {
        "holder_id": str(grant.credential_id),
        "began_at": "2026-11-24T09:30",
        "words": "Appel",
    }
    for name, value, said in [
        ("holder_id", str(uuid.uuid4()), "pas d’accès"),
        ("holder_id", "x", "UUID"),
        ("began_at", "2027-11-24T09:30", "pas encore venu"),
        ("words", "", "obligatoire"),
    ]:
        answer = staff.post(url, given | {name: value})
        assert (answer.status_code, said in answer.content.decode()) == (200, True), said
    assert not Incident.objects.exists()
    assert staff.post(url, given).status_code == 302
    incident = Incident.objects.get()
    assert incident.state == State.CONTAINED
    assert Credential.objects.get(pk=grant.credential_id).suspended_at is not None
    assert exposure_of(incident, now=timezone.now()).entries == 1
    assert incident.notices.filter(kind=NoticeKind.CONTAINMENT).count() == 1
    assert incident.steps.get().text == "Appel"


def test_somebody_tells_of_a_colleagues_stolen_computer(now):
    practice = make_visits(now=now)[0].practice
    secretary, owner = (make_member(practice, role=role).account for role in ("secretary", "owner"))
    staff = verified_client(make_account(is_staff=True))
    given = {"began_at": "2026-11-24T09:30", "words": "Ordinateur volé"}
    url = reverse("incidents:report")
    assert staff.post(url, given | {"holder_id": str(secretary.pk)}).status_code == 302
    secretary.refresh_from_db()
    assert secretary.stopped_at is not None
    incident = Incident.objects.get()
    told = incident.notices.filter(kind=NoticeKind.CONTAINMENT)
    assert list(told.values_list("recipient_id", flat=True)) == [owner.pk]
    mail.outbox.clear()
    notices.send_due(now=timezone.now())
    letter = next(each for each in mail.outbox if "suspendu" in each.subject)
    assert f"secrétaire, {practice.name}" in letter.subject
    assert "Parlez à la personne" in letter.body
