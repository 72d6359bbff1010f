"""Incidents: opened, moved from state to state, each step on the record."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from audit import actions
from audit.advisory_lock import wait_for
from audit.models import Incident, IncidentStep, State
from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.watch.judge import Sign

# GDPR article 33(1).
HOURS_TO_NOTIFY = timedelta(hours=72)


_is_training: ContextVar[bool] = ContextVar("is_training", default=False)


@contextmanager
def as_training() -> Iterator[None]:
    """Incidents that are opened in this block are exercises: nobody outside is told of them."""
    token = _is_training.set(True)
    try:
        yield
    finally:
        _is_training.reset(token)


@transaction.atomic
def open_incident(
    *,
    actor: Actor,
    began_at: datetime,
    now: datetime,
    signs: Iterable[Sign] = (),
) -> Incident:
    """Open an incident, detected now: from here the clock of article 33(1) runs."""
    wait_for("doctolib: number incidents")
    number = (Incident.objects.aggregate(top=Max("number"))["top"] or 0) + 1
    incident = Incident.objects.create(
        number=number,
        began_at=began_at,
        detected_at=now,
        signs=[asdict(sign) for sign in signs],
        is_training=_is_training.get(),
    )
    note(incident, actions.INCIDENT_OPENED, actor=actor, at=now, number=number, began_at=began_at)
    return incident


def contained(incident: Incident, *, actor: Actor, at: datetime, **details: object) -> None:
    """Say that one of an incident's sources was stopped; the first one makes it contained."""
    note(incident, actions.INCIDENT_CONTAINED, actor=actor, at=at, **details)
    if incident.state == State.DETECTED:
        incident.state, incident.contained_at = State.CONTAINED, at
        incident.save(update_fields=["state", "contained_at"])


def deadline(incident: Incident) -> datetime:
    """Until when the authority is to have the form without a reason for being late."""
    return incident.detected_at + HOURS_TO_NOTIFY


def note(
    incident: Incident, action: Action, *, actor: Actor, at: datetime, **details: object
) -> uuid.UUID:
    """Write a step of an incident on the record."""
    return entries.write(action, actor=actor, object_id=incident.pk, at=at, details=details)


def step_of(action: Action) -> str:
    """What an incident's steps call an action of the record."""
    return action.code.removeprefix(actions.INCIDENT)


def say(incident: Incident, action: Action, *, actor: Actor, now: datetime, text: str = "") -> None:
    """Keep a step with its author's words, and that it happened on the record."""
    IncidentStep.objects.create(
        incident=incident, at=now, author_id=actor.id, action=step_of(action), text=text.strip()
    )
    note(incident, action, actor=actor, at=now)


def seen(incident: Incident, *, actor: Actor, now: datetime) -> None:
    """Note who of the team looked at it first."""
    if not incident.steps.filter(action=step_of(actions.INCIDENT_SEEN)).exists():
        say(incident, actions.INCIDENT_SEEN, actor=actor, now=now)


def open_of(holder_id: uuid.UUID) -> Incident | None:
    """The incident that is not closed and has this holder as a source, the newest if several."""
    return (
        Incident.objects.filter(sources__holder_id=holder_id, sources__let_in_at__isnull=True)
        .exclude(state=State.CLOSED)
        .order_by("-number")
        .first()
    )
