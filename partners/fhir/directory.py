"""Practitioners, practices, visit reasons and agendas of the grants: read and search."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from partners.domain import scopes
from partners.fhir import mapping
from partners.fhir.base import FHIRView, bundle, one, takes
from partners.fhir.search import names_any, read_count, tokens
from partners.queries import granted_agendas
from practitioners.models import Agenda

# The field of Agenda that holds the id of each type of actor.
ACTORS = {"PractitionerRole": "pk", "Practitioner": "practitioner", "Location": "practice"}
FIELDS = {
    "actor": ACTORS,
    "schedule.actor": ACTORS,
    "Schedule-actor": ACTORS,
    "practitioner": {"Practitioner": "practitioner"},
    "location": {"Location": "practice"},
}


def agendas_asked(view: FHIRView, request: Request) -> QuerySet[Agenda]:
    """The granted agendas of the actors that the request's parameters name."""
    found = granted_agendas(view.credential, scope=view.required_scope)
    for name, fields in FIELDS.items():
        if name in request.query_params:
            found = found.filter(names_any(request, name, fields))
    return found


def _distinct(rows: list[Any], show: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row once, in the order of their ids."""
    by_id = {row.pk: row for row in rows}
    return [show(by_id[pk]) for pk in sorted(by_id)]


def _services(agendas: list[Agenda]) -> list[dict[str, Any]]:
    rows = []
    for agenda in agendas:
        for reason in agenda.visit_reasons.all():
            reason.agenda = agenda
            rows.append(reason)
    return _distinct(rows, mapping.healthcare_service)


KINDS: dict[str, Callable[[list[Agenda]], list[dict[str, Any]]]] = {
    "Schedule": lambda rows: _distinct(rows, lambda row: mapping.schedule(row, now=timezone.now())),
    "PractitionerRole": lambda rows: _distinct(rows, mapping.practitioner_role),
    "Practitioner": lambda rows: _distinct(
        [row.practitioner for row in rows], mapping.practitioner
    ),
    "Location": lambda rows: _distinct([row.practice for row in rows], mapping.location),
    "HealthcareService": _services,
}

# For each type: the id in its address, and the field of Agenda that holds it.
KEYS = {
    "Schedule": ("agenda_id", "pk"),
    "PractitionerRole": ("agenda_id", "pk"),
    "Practitioner": ("practitioner_id", "practitioner"),
    "Location": ("practice_id", "practice"),
    "HealthcareService": ("reason_id", "visit_reasons"),
}


class Directory(FHIRView):
    """Resources of one type, as the address names it."""

    scopes = {"get": scopes.AGENDAS_READ}
    kind: ClassVar[str] = ""

    def shown(self, agendas: QuerySet[Agenda]) -> list[dict[str, Any]]:
        """The resources of this type that belong to the agendas."""
        rows = agendas.prefetch_related("visit_reasons", "practitioner__specialties")
        return KINDS[self.kind](list(rows))


class DirectorySearch(Directory):
    """GET [base]/TYPE."""

    @takes("_id", "_count", "actor", "practitioner", "location")
    def get(self, request: Request) -> Response:
        found = self.shown(agendas_asked(self, request))
        if "_id" in request.query_params:
            wanted = set(tokens(request, "_id"))
            found = [row for row in found if row["id"] in wanted]
        count = read_count(request)
        return bundle(request, found[:count], more=len(found) > count)


class DirectoryRead(Directory):
    """GET [base]/TYPE/ID."""

    @takes()
    def get(self, request: Request, **ids: uuid.UUID) -> Response:
        key, field = KEYS[self.kind]
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        for row in self.shown(agendas.filter(**{field: ids[key]})):
            if row["id"] == str(ids[key]):
                return one(row)
        raise NotFound
