"""A practice's rooms and devices: saving them, and listing what uses them and when."""

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
    """A unit of a resource that an upcoming reservation needs; `taken` has its agenda and visit
    reason.
    """

    piece: int
    taken: Taken


@transaction.atomic
def save_resource(*, resource: Resource, actor: Actor, now: datetime) -> Resource:
    """Save a new or changed resource, with an entry in the record, and return it.

    Claimed units stay claimed. Visits that were booked without it, while it was out of service or
    had fewer units, are given a unit now if one is free.
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
    """The number of upcoming booked visits that need a resource, with or without a unit of it."""
    reasons = _reasons_needing([resource.pk], resource.practice_id)
    return Taken.objects.filter(
        visit_reason__in=reasons, hold_until__isnull=True, period__endswith__gt=now
    ).count()


def mark_stale_with(agenda: Agenda, needs: list[uuid.UUID]) -> None:
    """Request new next slots for an agenda and for every agenda that needs the same resources."""
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
    """Save a visit reason, with an entry in the record, and claim what booked visits need now.

    Returns the number of upcoming booked visits for which no unit was free; they stay booked.
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
    """The key under which a reservation claims units: its own, or that of its session slot."""
    if taken.is_own_time:
        return taken.pk
    return pieces.of_session(taken.agenda_id, taken.period.lower)


def uses_of(*, resource: Resource, now: datetime, until: datetime) -> list[InUse]:
    """List the upcoming reservations that claim a resource's units, soonest first, without
    holds.
    """
    rows = (
        resource.uses.filter(hold_until__isnull=True, period__overlap=(now, until))
        .select_related("taken__agenda__practitioner", "taken__visit_reason")
        .order_by("period", "piece", "pk")
    )
    return [InUse(piece=row.piece, taken=row.taken) for row in rows]


def names_of(taken_id: uuid.UUID) -> list[str]:
    """Name the units of resources that a reservation has."""
    rows = ResourceUse.objects.filter(taken_id=taken_id).select_related("resource")
    return [
        row.resource.name if row.resource.pieces == 1 else f"{row.resource} {row.piece}"
        for row in rows.order_by("resource__name", "piece")
    ]


def choosable_for(reason: VisitReason) -> list[Resource]:
    """The resources that can be chosen for a visit reason: those in service at its practice, and
    those it already needs.
    """
    rows = reason.agenda.practice.resources.filter(Q(active=True) | Q(pk__in=reason.needs))
    return list(rows.order_by("name", "pk"))
