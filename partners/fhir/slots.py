"""Slots: free ones as computed, and reservations without saying for whom."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.ids import read_id
from partners.domain import scopes
from partners.fhir import mapping
from partners.fhir.base import FHIRView, bundle, one, takes
from partners.fhir.directory import agendas_asked
from partners.fhir.search import ids, names_any, read_count, read_period, tokens, window_of
from partners.queries import granted_agendas, granted_reasons
from practitioners.domain.scheduling import availability
from practitioners.models import Taken, VisitReason

EARLIEST, LATEST = "GAP_Slot_earliestStart", "GAP_Slot_latestStart"
NARROWING = ("schedule", "schedule.actor", "Schedule-actor", "service-type", "identifier")


class SlotSearch(FHIRView):
    """GET [base]/Slot."""

    scopes = {"get": scopes.SLOTS_READ}

    @takes(*NARROWING, "start", EARLIEST, LATEST, "status", "_count")
    def get(self, request: Request) -> Response:
        if not any(name in request.query_params for name in NARROWING):
            raise ValidationError({"schedule": f"one of {', '.join(NARROWING)} is required"})
        now = timezone.now()
        if "identifier" in request.query_params:
            rows = [slot_of(self, text, now=now) for text in tokens(request, "identifier")]
            return bundle(request, [row for row in rows if row is not None])
        since, until = window_of(
            *read_period(request, date="start", earliest=EARLIEST, latest=LATEST), now=now
        )
        statuses = set(tokens(request, "status")) or {"free", "busy", "busy-tentative"}
        agenda_ids = self._agenda_ids(request)
        found: list[dict[str, Any]] = []
        if "free" in statuses:
            found += self._free(request, agenda_ids, since, until, now)
        if statuses & {"busy", "busy-tentative"}:
            found += self._taken(agenda_ids, since, until, now)
        found = [row for row in found if row["status"] in statuses]
        found.sort(key=lambda row: (row["start"], row["id"]))
        count = read_count(request)
        return bundle(request, found[:count], more=len(found) > count)

    def _agenda_ids(self, request: Request) -> set[uuid.UUID]:
        found = agendas_asked(self, request)
        if "schedule" in request.query_params:
            found = found.filter(names_any(request, "schedule", {"Schedule": "pk"}))
        return {agenda.pk for agenda in found}

    def _free(
        self,
        request: Request,
        agenda_ids: set[uuid.UUID],
        since: datetime,
        until: datetime,
        now: datetime,
    ) -> list[dict[str, Any]]:
        reasons = granted_reasons(self.credential, scope=self.required_scope).filter(
            agenda__in=agenda_ids, active=True
        )
        if "service-type" in request.query_params:
            reasons = reasons.filter(pk__in=ids(request, "service-type"))
        by_id = {reason.pk: reason for reason in reasons}
        if not by_id:
            return []
        free = availability.free_slots_of_many(
            visit_reasons=list(by_id.values()), since=since, until=until, now=now
        )
        return [mapping.free_slot(by_id[pk], slot) for pk, slots in free.items() for slot in slots]

    def _taken(
        self, agenda_ids: set[uuid.UUID], since: datetime, until: datetime, now: datetime
    ) -> list[dict[str, Any]]:
        rows = _in_force(now).filter(
            agenda__in=agenda_ids, period__startswith__gte=since, period__startswith__lt=until
        )
        return [mapping.taken_slot(row) for row in rows]


class SlotRead(FHIRView):
    """GET [base]/Slot/ID."""

    scopes = {"get": scopes.SLOTS_READ}

    @takes()
    def get(self, request: Request, slot_id: str) -> Response:
        row = slot_of(self, slot_id, now=timezone.now())
        if row is None:
            raise NotFound
        return one(row)


def _in_force(now: datetime) -> Any:
    return Taken.objects.filter(Q(hold_until__isnull=True) | Q(hold_until__gt=now))


def slot_of(view: FHIRView, ident: str, *, now: datetime) -> dict[str, Any] | None:
    """The slot with an id, free or not, if its agenda is granted; otherwise None."""
    if ident.startswith("taken."):
        pk = read_id(ident.removeprefix("taken."))
        agendas = granted_agendas(view.credential, scope=view.required_scope)
        row = _in_force(now).filter(pk=pk, agenda__in=agendas.values("pk")).first() if pk else None
        return mapping.taken_slot(row) if row else None
    reason, starts_at = reason_and_start(view, ident)
    if reason is None or starts_at is None:
        return None
    free = availability.free_slots(
        visit_reason=reason, since=starts_at, until=starts_at + timedelta(minutes=1), now=now
    )
    if free:
        return mapping.free_slot(reason, free[0])
    ends_at = starts_at + timedelta(minutes=reason.duration_minutes)
    return mapping.slot(reason, starts_at, ends_at, status="busy-unavailable")


def reason_and_start(
    view: FHIRView, ident: str
) -> tuple[VisitReason, datetime] | tuple[None, None]:
    """The granted visit reason and the start in a slot's id."""
    named = mapping.read_slot_id(ident)
    if named is None:
        return None, None
    reasons = granted_reasons(view.credential, scope=view.required_scope)
    reason = reasons.filter(pk=named[0]).first()
    return (reason, named[1]) if reason else (None, None)
