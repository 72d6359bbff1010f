"""What the team's pages show of an incident, put together once."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.utils.translation import gettext as _

from audit.actions import INCIDENT
from audit.incidents import authority, incidents
from audit.incidents.exposure import Exposure, Line, exposure_of, lines_of
from audit.incidents.post import post
from audit.incidents.severity import Severity
from audit.models import Incident, NoticeKind, NoticeState, State
from audit.record.actions import label_of
from audit.record.proofs import sealed_ids

LINES_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Event:
    """One point of the timeline."""

    at: datetime
    what: str
    who: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class PracticeRow:
    """What was exposed at one practice."""

    id: uuid.UUID
    name: str
    people: int
    is_delegated: bool


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The 72 hours of article 33(1)."""

    ends_at: datetime
    left: timedelta
    is_stopped: bool

    @property
    def hours(self) -> int:
        """Whole hours that are left; negative once it is late."""
        return int(self.left.total_seconds() // 3600)

    @property
    def share(self) -> int:
        """How much of it is gone, in percent."""
        whole = incidents.HOURS_TO_NOTIFY.total_seconds()
        return int(min(100, max(0, 100 - 100 * self.left.total_seconds() / whole)))


def clock(incident: Incident, *, now: datetime) -> Clock:
    """How much of the 72 hours is left; it stands still once the form is filed."""
    ends_at = incidents.deadline(incident)
    is_stopped = incident.filed_at is not None or incident.state == State.CLOSED
    at = incident.filed_at or incident.closed_at or now
    return Clock(ends_at=ends_at, left=ends_at - at, is_stopped=is_stopped)


def timeline(incident: Incident, *, exposure: Exposure) -> list[Event]:
    """What happened, in order: the facts of the record and what people did."""
    steps = list(incident.steps.all())
    names = post().staff_names({step.author_id for step in steps if step.author_id})
    events = [Event(at=incident.detected_at, what=_("Détecté"))]
    if exposure.first_at and exposure.last_at:
        events.append(Event(at=exposure.first_at, what=_("Première lecture")))
        events.append(Event(at=exposure.last_at, what=_("Dernière lecture")))
    if incident.contained_at:
        text = ", ".join(authority.source_names(incident))
        events.append(Event(at=incident.contained_at, what=_("Arrêté"), text=text))
    if incident.closed_at:
        events.append(Event(at=incident.closed_at, what=_("Clos")))
    events += [
        Event(
            at=step.at,
            what=action_name(step.action),
            who=names.get(step.author_id, "") if step.author_id else "",
            text=step.text,
        )
        for step in steps
    ]
    return sorted(events, key=lambda event: event.at)


def action_name(step: str) -> str:
    """A step's action in words."""
    return str(label_of(INCIDENT + step)).removeprefix(INCIDENT)


def practice_rows(incident: Incident, *, exposure: Exposure) -> list[PracticeRow]:
    """The practices, those with most people first."""
    names = post().practice_names(exposure.practices)
    delegated = set(incident.delegations.values_list("practice_id", flat=True))
    rows = [
        PracticeRow(
            id=pk, name=names.get(pk, str(pk)), people=len(some), is_delegated=pk in delegated
        )
        for pk, some in exposure.practices.items()
    ]
    return sorted(rows, key=lambda row: (-row.people, row.name))


def shown_lines(incident: Incident, *, now: datetime) -> list[tuple[Line, str, bool]]:
    """The first openings, each with its practice's name and whether its proof can be had."""
    lines = list(islice(lines_of(incident, now=now), LINES_SHOWN))
    names = post().practice_names({line.practice_id for line in lines if line.practice_id})
    sealed = sealed_ids(line.entry_id for line in lines)
    return [
        (line, names.get(line.practice_id, "") if line.practice_id else "", line.entry_id in sealed)
        for line in lines
    ]


def notice_counts(incident: Incident) -> list[tuple[str, list[tuple[str, int]]]]:
    """How many notices of each kind stand in which state."""
    counted = Counter(incident.notices.values_list("kind", "state"))
    return [
        (
            str(NoticeKind(kind).label),
            [
                (str(NoticeState(state).label), counted[kind, state])
                for state in NoticeState.values
                if counted[kind, state]
            ],
        )
        for kind in NoticeKind.values
        if any(counted[kind, state] for state in NoticeState.values)
    ]


@dataclass(frozen=True, kw_only=True)
class RegisterRow:
    """One line of the register of article 33(5)."""

    incident: Incident
    people: int
    practices: int
    severity: str
    through: str


def register(incidents_: Iterable[Incident], *, now: datetime) -> list[RegisterRow]:
    """Every incident with its facts, effects and what was done (article 33(5))."""
    rows = []
    for incident in incidents_:
        exposure = exposure_of(incident, now=now)
        rows.append(
            RegisterRow(
                incident=incident,
                people=len(exposure.subjects),
                practices=len(exposure.practices),
                severity=authority.severity_words(Severity.read(incident.assessment)),
                through=", ".join(authority.source_names(incident)),
            )
        )
    return rows
