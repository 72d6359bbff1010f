"""Replaying a drill's traffic against the real budget, watch, vault and record, in its own time."""

import heapq
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction

from audit.incidents.containment import Stopped
from audit.models import Incident
from audit.record.entries import Channel, Origin, system_actor
from audit.vault.reveal import Purpose
from audit.watch import watcher
from audit.watch.budget import BudgetSpent
from doctolib.drill.scenario import Scenario
from doctolib.drill.traffic import Opening
from partners.domain import credentials, reveal_budget
from partners.domain.identities import reveal_identity


@dataclass(kw_only=True)
class Outcome:
    """What happened."""

    attempted: int = 0
    requests: int = 0
    benign: int = 0
    delayed: int = 0
    # What thieves opened: appointments, and their patients.
    appointments: set[uuid.UUID] = field(default_factory=set)
    subjects: set[uuid.UUID] = field(default_factory=set)
    first_at: datetime | None = None
    stopped_at: dict[uuid.UUID, datetime] = field(default_factory=dict)
    requests_until_stop: int | None = None
    false_containments: int = 0
    false_signs: list[list[dict[str, object]]] = field(default_factory=list)
    budget_bound: int = 0
    ends_at: datetime | None = None


def replay(scenario: Scenario, benign: list[Opening], thefts: list[list[Opening]]) -> Outcome:
    """Let everything happen in order of time; a software that is told to wait waits."""
    outcome = Outcome(attempted=sum(map(len, thefts)))
    queue = [(each.at, n, each) for n, each in enumerate(chain(benign, *thefts))]
    heapq.heapify(queue)
    serial = len(queue)
    used: set[uuid.UUID] = set()
    waiting: dict[tuple[uuid.UUID, int | None], datetime] = {}
    refused: dict[int | None, int] = defaultdict(int)
    left = outcome.attempted
    # After a theft nothing is to be learned of the rest of the month.
    while queue and (left or not thefts):
        at, _n, opening = heapq.heappop(queue)
        thief, pk = opening.thief, opening.installation.credential.pk
        grant_id = opening.installation.grants[opening.appointment.practice_id].pk
        if at < (waits := waiting.get((grant_id, thief), at)):
            serial += 1
            heapq.heappush(queue, (waits, serial, opening))
            continue
        if thief is None:
            outcome.benign += 1
        elif refused[thief] >= scenario.thieves[thief].patience:
            left -= 1
            continue
        else:
            outcome.requests += 1
            used.add(pk)
            if outcome.first_at is None:
                outcome.first_at, outcome.budget_bound = at, _bound(thefts, at)
        if pk in outcome.stopped_at:
            left -= thief is not None
            refused[thief] += 1
            continue
        try:
            is_stopped = _open(opening, at)
        except BudgetSpent as spent:
            outcome.delayed += 1
            serial += 1
            # Whoever is told to wait does so with all that it wants of this practice.
            later = waiting[grant_id, thief] = at + timedelta(seconds=spent.seconds + 1)
            heapq.heappush(queue, (later, serial, opening))
            continue
        left -= thief is not None
        outcome.ends_at = at
        if is_stopped:
            _stopped(outcome, opening, used, at)
        elif thief is not None:
            refused[thief] = 0
            outcome.appointments.add(opening.appointment.pk)
            outcome.subjects.add(opening.appointment.patient_id)
    return outcome


def _open(opening: Opening, at: datetime) -> bool:
    """Ask as the API does; whether it stopped the credential."""
    origin = Origin(network=opening.network, key=opening.key, token=opening.token)
    installation, row = opening.installation, opening.appointment
    with transaction.atomic():
        try:
            reveal_identity(
                credential=installation.credential,
                grant=installation.grants[row.practice_id],
                appointment=row,
                fields=opening.fields,
                purpose=Purpose(opening.purpose),
                origin=origin,
                now=at,
            )
        except Stopped:
            # Inside the block: what stopped it must be committed.
            return True
    return False


def _stopped(outcome: Outcome, opening: Opening, used: set[uuid.UUID], at: datetime) -> None:
    """A credential was stopped, perhaps others of its partner with it."""
    for source in Incident.objects.order_by("-number")[0].sources.all():
        pk = source.holder_id
        if pk in outcome.stopped_at or source.let_in_at is not None:
            continue
        if pk in used:
            outcome.stopped_at[pk] = at
            # The first of them: by then the thief had asked so often.
            outcome.requests_until_stop = outcome.requests_until_stop or outcome.requests
            continue
        # Nobody had stolen it. People find out, and let it in again.
        outcome.false_containments += 1
        outcome.false_signs.append(source.incident.signs)
        source.let_in_at = at
        source.save(update_fields=["let_in_at"])
        credentials.let_in_again(
            holder_id=pk, actor=system_actor(Channel.SHELL), keys_are_safe=True, now=at
        )
        groups = [source.group_id] if source.group_id else []
        watcher.forget_suspicion([pk], group_ids=groups)


def _bound(thefts: list[list[Opening]], at: datetime) -> int:
    """What the budget alone lets a thief have in the first day: the sum over the grants."""
    grants = {
        each.installation.grants[each.appointment.practice_id].pk: each.installation.grants[
            each.appointment.practice_id
        ]
        for theft in thefts
        for each in theft
    }
    return sum(reveal_budget.limits_of(grant, now=at).day for grant in grants.values())
