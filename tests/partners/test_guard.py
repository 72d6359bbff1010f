"""The guard of the API: software reads the identity of one granted appointment, or nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from audit.actions import REVEAL
from audit.models import Entry, Incident, Watched
from audit.record.entries import Origin
from audit.vault.guard import Answer, NoGuard, NotOpened
from audit.vault.reveal import Purpose, reveal
from audit.watch import watcher
from audit.watch.budget import Limits
from audit.watch.holders import Kind
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from partners.domain import watching
from partners.domain.identities import credential_actor, reveal_identity
from partners.domain.watching import OfAppointment
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERE = Origin(network="203.0.113.0/24", key="k", token="t")


def book_visit(reason, hour):
    made = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, hour, tzinfo=UTC),
        patient=make_patient(practice=reason.agenda.practice, email=""),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=NOW,
    )
    return Appointment.unscoped.get(pk=made.pk)


@pytest.fixture
def visits():
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    return [book_visit(reason, hour) for hour in (8, 9)]


@pytest.fixture
def asked(visits):
    grant = make_grant(make_credential(), visits[0].agenda, fields=["phone", "email"])
    return OfAppointment(
        credential=grant.credential, grant=grant, appointment=visits[0], fields=["phone"]
    )


def opens(asked, row, about, *, actor=None):
    actor = actor or credential_actor(
        asked.credential, practice_id=asked.appointment.practice_id, origin=HERE
    )
    with reveal(
        [(row, ["phone"])], actor=actor, purpose=Purpose.CARE, about=about, at=NOW
    ) as plain:
        return plain.text(row, "phone")


def entries_of(asked):
    return list(
        Entry.objects.filter(credential_id=asked.credential.pk, action=REVEAL.code).order_by("at")
    )


def test_what_it_asks_for_is_counted_judged_and_noted(asked):
    patient = asked.appointment.patient
    assert opens(asked, patient, asked)
    (entry,) = entries_of(asked)
    assert entry.details == vars(HERE) | {"reason": "fresh", "weight": entry.details["weight"]}
    assert opens(asked, patient, asked)
    assert entries_of(asked)[-1].details == vars(HERE) | {"again": True}


def test_a_reveal_that_says_no_appointment_opens_nothing(asked):
    for about in (None, asked.appointment, "it"):
        with pytest.raises(NoGuard):
            opens(asked, asked.appointment.patient, about)
    assert entries_of(asked) == []


def test_a_reveal_of_somebody_else_opens_nothing(asked, visits):
    with pytest.raises(NoGuard):
        opens(asked, visits[1].patient, asked)
    assert entries_of(asked) == []


def test_a_reveal_for_other_software_opens_nothing(asked):
    other = make_credential("Autre")
    actor = credential_actor(other, practice_id=asked.appointment.practice_id, origin=HERE)
    with pytest.raises(NoGuard):
        opens(asked, asked.appointment.patient, asked, actor=actor)
    actor = replace(actor, credential_id=None)
    with pytest.raises(NoGuard):
        opens(asked, asked.appointment.patient, asked, actor=actor)
    assert entries_of(asked) == []


def identity(asked, visit, fields=("phone",)):
    return reveal_identity(
        credential=asked.credential, grant=asked.grant, appointment=visit, fields=fields,
        purpose=Purpose.CARE, origin=HERE, now=NOW,
    )  # fmt: skip


def test_a_spent_budget_waits_and_says_for_how_long(asked, visits, monkeypatch):
    limits = Limits(minute=1, hour=9, day=9)
    monkeypatch.setattr(watching.reveal_budget, "limits_of", lambda _grant, now: limits)
    assert identity(asked, visits[0])["phone"]
    with pytest.raises(NotOpened) as refused:
        identity(asked, visits[1])
    decision = refused.value.decision
    assert (decision.answer, decision.limit, decision.seconds) == (Answer.WAIT, 1, 60)
    assert len(entries_of(asked)) == 1


def test_a_field_that_is_empty_costs_of_the_budget(asked, visits, monkeypatch):
    """Otherwise who has no address could be learned for nothing."""
    limits = Limits(minute=1, hour=9, day=9)
    monkeypatch.setattr(watching.reveal_budget, "limits_of", lambda _grant, now: limits)
    assert identity(asked, visits[0], ["email"]) == {"email": ""}
    with pytest.raises(NotOpened):
        identity(asked, visits[1], ["email"])


def test_what_the_watch_does_of_software_is_the_platforms_act(asked, visits, monkeypatch):
    """As before the guard stood inside of the reveal: the entries name no practice."""
    limits = Limits(minute=0, hour=9, day=9)
    monkeypatch.setattr(watching.reveal_budget, "limits_of", lambda _grant, now: limits)
    # Full, but for the next one to say so.
    Watched.objects.create(
        pk=asked.credential.pk, kind=Kind.CREDENTIAL, level=watcher.CAPACITY + watcher.LEAK, at=NOW
    )
    with pytest.raises(NotOpened) as refused:
        identity(asked, visits[0])
    assert refused.value.decision.answer is Answer.STOP
    incident = Incident.objects.get()
    found = Entry.objects.filter(object_id__in=[incident.pk, asked.credential.pk])
    assert {(e.actor_kind, e.practice_id, e.credential_id) for e in found} == {
        ("system", None, None)
    }
    assert entries_of(asked) == []
