"""Schedules declared by software: create, update, patch and delete (French guide, flow 1).

A practice's own agenda is also a Schedule; only the practice can change it.
"""

import uuid
from datetime import datetime
from typing import Any

import jsonpatch
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from partners.api.scoped import plain
from partners.domain import declared, scopes
from partners.fhir import mapping
from partners.fhir.base import FHIRParser, NotDone, check_version, created, one, takes, valid
from partners.fhir.directory import ACTORS, DirectoryRead, DirectorySearch
from partners.fhir.search import read_reference
from partners.models import DeclaredSchedule
from partners.queries import granted_agendas
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Agenda

FREE, BUSY = "free", "busy-unavailable"
MOST_OPERATIONS = 100


class JSONPatchParser(FHIRParser):
    """https://hl7.org/fhir/R4/http.html#patch"""

    media_type = "application/json-patch+json"


class ScheduleSearch(DirectorySearch):
    """GET and POST [base]/Schedule."""

    scopes = {"get": scopes.AGENDAS_READ, "post": scopes.AGENDAS_WRITE}
    kind = "Schedule"

    @takes()
    def post(self, request: Request) -> Response:
        given = valid(request.data, "Schedule")
        agenda = _agenda_of(self, given)
        row = _declare(self, agenda, given)
        return created(request, mapping.declared_schedule(row))


class ScheduleRead(DirectoryRead):
    """GET, PUT, PATCH and DELETE [base]/Schedule/ID."""

    scopes = {
        "get": scopes.AGENDAS_READ, "put": scopes.AGENDAS_WRITE, "patch": scopes.AGENDAS_WRITE,
        "delete": scopes.AGENDAS_WRITE,
    }  # fmt: skip
    kind = "Schedule"
    parser_classes = [*DirectoryRead.parser_classes, JSONPatchParser]

    @takes()
    def get(self, request: Request, **ids: uuid.UUID) -> Response:
        row = self._declared(ids["agenda_id"])
        if row is not None:
            return one(mapping.declared_schedule(row))
        return super().get(request, **ids)

    @takes()
    def put(self, request: Request, agenda_id: uuid.UUID) -> Response:
        return self._change(request, self._locked(agenda_id), valid(request.data, "Schedule"))

    @takes()
    def patch(self, request: Request, agenda_id: uuid.UUID) -> Response:
        """A JSON Patch (RFC 6902) of the resource as it is read."""
        row = self._locked(agenda_id)
        current = plain(mapping.declared_schedule(row))
        return self._change(request, row, valid(patched(current, request.data), "Schedule"))

    @takes()
    def delete(self, request: Request, agenda_id: uuid.UUID) -> Response:
        row = self._locked(agenda_id)
        check_version(request, mapping.declared_schedule(row), {}, needed=False)
        declared.withdraw(schedule=row, actor=self.actor(row.agenda.practice_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, row: DeclaredSchedule, given: dict[str, Any]) -> Response:
        check_version(request, mapping.declared_schedule(row), {}, needed=False)
        if _agenda_of(self, given).pk != row.agenda_id:
            raise NotDone("A schedule cannot move to another agenda: delete it and create another.")
        return one(mapping.declared_schedule(_declare(self, row.agenda, given, schedule=row)))

    def _declared(self, pk: uuid.UUID, *, lock: bool = False) -> DeclaredSchedule | None:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        found = DeclaredSchedule.objects.filter(credential=self.credential)
        if lock:
            found = found.select_for_update(no_key=True, of=("self",))
        return (
            found.filter(pk=pk, agenda__in=agendas.values("pk"))
            .select_related("agenda__practice")
            .first()
        )

    def _locked(self, pk: uuid.UUID) -> DeclaredSchedule:
        row = self._declared(pk, lock=True)
        if row is not None:
            return row
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        if agendas.filter(pk=pk).exists():
            raise NotDone("This Schedule is a practice's agenda; only the practice can change it.")
        raise NotFound


def patched(current: Any, patch: Any) -> Any:
    """A resource with a JSON Patch applied to it. Raises ValidationError."""
    try:
        return jsonpatch.JsonPatch(_operations(patch)).apply(current)
    except (
        jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, KeyError,
        AttributeError, ValueError, RecursionError,
    ) as error:  # fmt: skip
        raise ValidationError({"patch": "cannot be applied to this Schedule"}) from error


def _operations(patch: Any) -> list[dict[str, Any]]:
    """The operations; ValueError for `copy`, which can double the resource each time."""
    if not isinstance(patch, list) or len(patch) > MOST_OPERATIONS:
        raise ValueError(patch)
    if any(each["op"] == "copy" for each in patch):
        raise ValueError(patch)
    return patch


def _declare(
    view: ScheduleSearch | ScheduleRead,
    agenda: Agenda,
    given: dict[str, Any],
    *,
    schedule: DeclaredSchedule | None = None,
) -> DeclaredSchedule:
    entries = [
        each for each in given.get("extension") or () if each.get("url") == mapping.AVAILABILITY
    ]
    try:
        return declared.declare(
            credential=view.credential,
            agenda=agenda,
            times=[_time_of(entry) for entry in entries],
            shown=[mapping.availability_as_shown(entry) for entry in entries],
            identifiers=mapping.identifiers_as_shown(given),
            actor=view.actor(agenda.practice_id),
            now=timezone.now(),
            schedule=schedule,
        )
    except declared.CannotDeclare as problem:
        raise NotDone(f"The schedule cannot be declared: {problem}.") from problem


def _agenda_of(view: ScheduleSearch | ScheduleRead, given: dict[str, Any]) -> Agenda:
    """The one granted agenda of the actors; raises ValidationError."""
    found = granted_agendas(view.credential, scope=view.required_scope)
    named = 0
    for actor in given.get("actor") or ():
        reference = read_reference(actor.get("reference"), *ACTORS)
        if reference is not None:
            found = found.filter(**{ACTORS[reference[0]]: reference[1]})
            named += 1
    rows = list(found[:2])
    if not named or len(rows) != 1:
        raise ValidationError({"actor": "must identify exactly one agenda that is granted to you"})
    return rows[0]


def _time_of(entry: dict[str, Any]) -> declared.DeclaredTime:
    parts = {each.get("url"): each for each in entry.get("extension") or ()}
    kind = (parts.get("type") or {}).get("valueCoding", {}).get("code")
    if kind not in (FREE, BUSY):
        raise ValidationError({"availability-time": f"type must be {FREE} or {BUSY}"})
    starts_at, ends_at = (_instant(parts.get(name), name) for name in ("start", "end"))
    rule = parts.get("rrule")
    return declared.DeclaredTime(
        free=kind == FREE,
        starts_at=starts_at,
        ends_at=ends_at,
        rule=None if rule is None else _rule_of(rule),
    )


def _rule_of(part: dict[str, Any]) -> declared.Rule:
    values: dict[str, Any] = {}
    days = []
    for each in part.get("extension") or ():
        if each.get("url") == "byDay":
            days.append(str(each.get("valueString", "")))
        else:
            values[str(each.get("url"))] = each
    unknown = sorted(set(values) - {"freq", "interval", "until", "count", "wkst"})
    frequency = str((values.get("freq") or {}).get("valueCoding", {}).get("code", ""))
    interval = (values.get("interval") or {}).get("valueInteger", 1)
    count = (values.get("count") or {}).get("valueInteger")
    if unknown or frequency not in declared.FREQUENCIES or set(days) - set(declared.WEEKDAYS):
        raise NotDone(
            "A recurrence must be DAILY or WEEKLY, with byDay of MO, TU, WE, TH, FR, SA or SU."
        )
    if interval < 1 or (count is not None and not 1 <= count <= declared.MOST_COUNT):
        limits = f"interval must be at least 1, and count from 1 to {declared.MOST_COUNT}"
        raise ValidationError({"rrule": limits})
    if frequency == "DAILY" and days:
        raise NotDone("byDay requires the frequency WEEKLY.")
    until = values.get("until")
    return declared.Rule(
        frequency=frequency,
        interval=interval,
        until=None if until is None else _instant(until, "until"),
        count=count,
        days=tuple(days),
    )


def _instant(part: dict[str, Any] | None, name: str) -> datetime:
    text = (part or {}).get("valueDateTime")
    at = read_instant(text) if isinstance(text, str) else None
    if at is None:
        raise ValidationError({"availability-time": f"{name} must be an instant with an offset"})
    return at
