"""Containment in the request that filled the bucket.

The request's transaction stops the holder, opens the incident and owes the news; the request then
answers with a refusal, and must commit. Tokens and sessions are looked up at every request, so
the stop holds on every process from that commit on.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial

from django.db import transaction

from audit import actions
from audit.incidents import incidents, notices
from audit.incidents.post import post
from audit.incidents.selection import select
from audit.models import Incident, IncidentSource, NoticeKind, State, Watched
from audit.record.entries import Actor, Origin, system_actor
from audit.vault.guard import Answer, Decision, opens
from audit.watch import holders, watcher
from audit.watch.past import Past
from audit.watch.sighting import Sighting
from audit.watch.watcher import Verdict


@transaction.atomic
def guard(
    *,
    holder_id: uuid.UUID,
    kind: str,
    group_id: uuid.UUID,
    sightings: Sequence[Sighting],
    origin: Origin,
    writes: Callable[[], int],
) -> Decision:
    """Let the watch judge what is opened together before it happens, and stop whom it says.

    The answer is stop if this very holder is stopped, now or before, and ask if it must first say
    who it is; what either means is done, and must be committed.
    """
    now = sightings[0].at
    verdict = watcher.observe(
        holder_id=holder_id, kind=kind, group_id=group_id, sightings=sightings, writes=writes,
        can_ask=holders.can_ask(kind),
    )  # fmt: skip
    if verdict.ask:
        why = [asdict(sign) for sign in verdict.signs]
        ask = partial(
            holders.ask, kind=kind, holder_id=holder_id, actor=system_actor(), why=why, now=now
        )
        ask()
        return Decision(answer=Answer.ASK, carry_out=ask)
    stop = partial(
        _stop_whom, verdict, holder_id, kind=kind, group_id=group_id, origin=origin, now=now
    )
    stop()
    # Asked in any case: what was in flight when another request stopped the holder is refused.
    if holders.is_stopped(kind=kind, holder_id=holder_id):
        return Decision(answer=Answer.STOP, carry_out=stop)
    return opens(weight=verdict.weight, odd=verdict.odd)


@transaction.atomic
def misused(
    *,
    holder_id: uuid.UUID,
    kind: str,
    group_id: uuid.UUID,
    code: str,
    origin: Origin,
    now: datetime,
) -> bool:
    """Let the watch hear of what was done without opening anything (audit.watch.judge.MISUSE).

    Returns whether that has stopped the holder.
    """
    verdict = watcher.misused(
        holder_id=holder_id, kind=kind, code=code, network=origin.network, at=now
    )
    return _stop_whom(verdict, holder_id, kind=kind, group_id=group_id, origin=origin, now=now)


@transaction.atomic
def insist(
    *, holder_id: uuid.UUID, kind: str, group_id: uuid.UUID, origin: Origin, now: datetime
) -> bool:
    """Note that a holder goes on asking without having said who it is; stop it when it insists.

    Returns whether that has stopped the holder.
    """
    verdict = watcher.unanswered(holder_id=holder_id, kind=kind, at=now)
    return _stop_whom(verdict, holder_id, kind=kind, group_id=group_id, origin=origin, now=now)


def _stop_whom(
    verdict: Verdict,
    holder_id: uuid.UUID,
    *,
    kind: str,
    group_id: uuid.UUID,
    origin: Origin,
    now: datetime,
) -> bool:
    """Stop whom a verdict says; only this very holder asked from `origin`."""
    for pk in verdict.stop:
        contain(
            holder_id=pk, kind=kind, group_id=group_id, verdict=verdict,
            origin=origin if pk == holder_id else Origin(), now=now,
        )  # fmt: skip
    return holder_id in verdict.stop


@transaction.atomic
def contain(
    *,
    holder_id: uuid.UUID,
    kind: str,
    group_id: uuid.UUID,
    verdict: Verdict,
    origin: Origin,
    now: datetime,
) -> Incident | None:
    """Stop a holder, open an incident (or join its group's), owe the news to practices and staff.

    Returns None if the holder was stopped already.
    """
    by = system_actor()
    if not holders.stop(kind=kind, holder_id=holder_id, actor=by, now=now):
        return None
    row = Watched.objects.filter(pk=holder_id).first()
    past = Past.read(row.state if row else {})
    since = (row.since if row else None) or verdict.since or now
    selection = select(
        kind=kind,
        holder_id=holder_id,
        own_networks=[name for name, place in past.networks.items() if place.known],
        own_keys=[name for name, place in past.keys.items() if place.known],
        since=since,
        until=now,
        stopped=origin,
    )
    incident = _of_the_same_thief(group_id) if verdict.is_spread else None
    if incident is None:
        incident = incidents.open_incident(
            actor=by, began_at=selection.began_at, now=now, signs=verdict.signs
        )
    # Stopped a second time under the same suspicion, it stays one source.
    IncidentSource.objects.update_or_create(
        incident=incident,
        holder_id=holder_id,
        defaults={
            "kind": kind, "group_id": group_id, "began_at": selection.began_at,
            "stopped_at": now, "let_in_at": None, "networks": selection.networks,
            "keys": selection.keys, "tokens": selection.tokens,
            "odd_alone": selection.odd_alone,
        },
    )  # fmt: skip
    _contained(incident, holder_id, kind, actor=by, began_at=selection.began_at, now=now)
    return incident


@transaction.atomic
def report(
    *, holder_id: uuid.UUID, kind: str, began_at: datetime, words: str, actor: Actor, now: datetime
) -> Incident:
    """Open an incident that a person tells of, and stop its holder if it is not stopped yet.

    Every opening since `began_at` belongs to it: nothing is known yet of what was the holder's own.
    """
    holders.stop(kind=kind, holder_id=holder_id, actor=actor, now=now)
    incident = incidents.open_incident(actor=actor, began_at=began_at, now=now)
    IncidentSource.objects.create(
        incident=incident, kind=kind, holder_id=holder_id, began_at=began_at, stopped_at=now
    )
    _contained(incident, holder_id, kind, actor=actor, began_at=began_at, now=now)
    incidents.say(incident, actions.INCIDENT_REMARK, actor=actor, now=now, text=words)
    return incident


def _contained(
    incident: Incident,
    holder_id: uuid.UUID,
    kind: str,
    *,
    actor: Actor,
    began_at: datetime,
    now: datetime,
) -> None:
    incidents.contained(
        incident, actor=actor, at=now, holder=holder_id, kind=kind, began_at=began_at
    )
    reached = holders.practices(kind, [holder_id])
    notices.owe(incident, NoticeKind.STAFF, post().staff(), now=now)
    notices.owe(incident, NoticeKind.CONTAINMENT, post().owners(reached), now=now)


def _of_the_same_thief(group_id: uuid.UUID) -> Incident | None:
    return (
        Incident.objects.filter(
            sources__group_id=group_id, state__in=(State.DETECTED, State.CONTAINED)
        )
        .order_by("-number")
        .first()
    )
