"""A practice's rooms and devices: keeping them, and saying who has which when."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.record import entries
from audit.record.entries import Actor
from practitioners import actions
from practitioners.domain.scheduling.hours import openings
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.scheduling.reservations import pieces
from practitioners.models import Agenda, Resource, ResourceUse, Taken, VisitReason


@dataclass(frozen=True, kw_only=True)
class InUse:
    """A piece of a resource that time to come needs; `taken` has its agenda and visit reason."""

    piece: int
    taken: Taken


@transaction.atomic
def save_resource(*, resource: Resource, actor: Actor, now: datetime) -> Resource:
    """Save a new or changed resource, on the record, and return it.

    What is claimed stays claimed. What was booked without it, while it was out of service or there
    were fewer, is given a piece now where one is free.
    """
    resource.save()
    entries.write(
        actions.RESOURCE_SAVED, actor=actor, practice_id=resource.practice_id, object_id=resource.pk
    )
    for agenda_id in _agendas_needing([resource.pk], resource.practice_id):
        transaction.on_commit(partial(mark_stale, agenda_id), robust=True)
    if resource.active:
        for reason in _reasons_needing([resource.pk], resource.practice_id).order_by("pk"):
            _settle(reason, now=now)
    return resource


def count_waiting(*, resource: Resource, now: datetime) -> int:
    """How many booked visits to come need a resource, whether or not they have a piece of it."""
    reasons = _reasons_needing([resource.pk], resource.practice_id)
    return Taken.objects.filter(
        visit_reason__in=reasons, hold_until__isnull=True, period__endswith__gt=now
    ).count()


def mark_stale_with(agenda: Agenda, needs: list[uuid.UUID]) -> None:
    """Ask for the projections that a change in an agenda touches: its own, and those of whoever
    needs the same resources.
    """
    for agenda_id in {agenda.pk, *_agendas_needing(needs, agenda.practice_id)}:
        mark_stale(agenda_id)


def _agendas_needing(resource_ids: list[uuid.UUID], practice_id: uuid.UUID) -> set[uuid.UUID]:
    if not resource_ids:
        return set()
    reasons = _reasons_needing(resource_ids, practice_id)
    return set(reasons.values_list("agenda_id", flat=True))


def _reasons_needing(
    resource_ids: list[uuid.UUID], practice_id: uuid.UUID
) -> QuerySet[VisitReason]:
    return VisitReason.objects.filter(
        agenda__practice_id=practice_id, needs__overlap=resource_ids
    ).select_related("agenda")


@transaction.atomic
def save_reason_and_settle(*, reason: VisitReason, actor: Actor, now: datetime) -> int:
    """Save a visit reason, on the record, and give what is booked already what it needs now.

    Returns for how many booked visits to come no piece was free; they stay as they are.
    """
    openings.save_reason(reason=reason, actor=actor)
    return _settle(reason, now=now)


def _settle(visit_reason: VisitReason, *, now: datetime) -> int:
    ResourceUse.objects.filter(taken__visit_reason=visit_reason, period__endswith__gt=now).exclude(
        resource_id__in=visit_reason.needs
    ).delete()
    if not visit_reason.needs:
        return 0
    pieces.lock_resources(visit_reason.agenda.practice_id)
    rows = Taken.objects.filter(visit_reason=visit_reason, period__endswith__gt=now)
    without = 0
    for row in rows.prefetch_related("uses").order_by("period", "pk"):
        has = {use.resource_id for use in row.uses.all()}
        refused = pieces.claim(
            needs=[need for need in visit_reason.needs if need not in has],
            taken_id=row.pk,
            period=(row.period.lower, row.period.upper),
            shared_by=sharing(row),
            now=now,
            hold_until=row.hold_until,
            goes_without=True,
        )
        without += refused is not None
    return without


def sharing(taken: Taken) -> uuid.UUID:
    """Who share the pieces that taken time claims: itself alone, or its session's slot."""
    if taken.is_own_time:
        return taken.pk
    return pieces.of_session(taken.agenda_id, taken.period.lower)


def uses_of(*, resource: Resource, now: datetime, until: datetime) -> list[InUse]:
    """Say by whom a resource's pieces are claimed from now on, soonest first; holds left out."""
    rows = (
        resource.uses.filter(hold_until__isnull=True, period__overlap=(now, until))
        .select_related("taken__agenda__practitioner", "taken__visit_reason")
        .order_by("period", "piece", "pk")
    )
    return [InUse(piece=row.piece, taken=row.taken) for row in rows]


def names_of(taken_id: uuid.UUID) -> list[str]:
    """Say in words which pieces of which resources some taken time has."""
    rows = ResourceUse.objects.filter(taken_id=taken_id).select_related("resource")
    return [
        row.resource.name if row.resource.pieces == 1 else f"{row.resource} {row.piece}"
        for row in rows.order_by("resource__name", "piece")
    ]


def choosable_for(reason: VisitReason) -> list[Resource]:
    """The resources that a visit reason may be said to need: those of its practice in service, and
    what it needs already.
    """
    rows = reason.agenda.practice.resources.filter(Q(active=True) | Q(pk__in=reason.needs))
    return list(rows.order_by("name", "pk"))
