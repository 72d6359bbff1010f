"""Who works where and what can be booked: read and searched over the granted agendas."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from partners.domain import scopes
from partners.fhir import mapping
from partners.fhir.base import FHIRView, bundle, one, takes
from partners.fhir.search import read_count, references, tokens
from partners.queries import granted_agendas
from practitioners.models import Agenda

ACTORS = {
    "PractitionerRole": "pk",
    "Practitioner": "practitioner",
    "Location": "practice",
}


def agendas_with(view: FHIRView, request: Request, *names: str) -> list[Agenda]:
    """The granted agendas of the actors that these parameters name."""
    found = granted_agendas(view.credential, scope=view.required_scope)
    for name in names:
        if name in request.query_params:
            kinds = list(ACTORS) if name.endswith("actor") else [_KIND_OF[name]]
            wanted = Q(pk__in=[])
            for kind, pk in references(request, name, *kinds):
                wanted |= Q(**{ACTORS[kind]: pk})
            found = found.filter(wanted)
    return list(found.prefetch_related("visit_reasons", "practitioner__specialties"))


_KIND_OF = {"practitioner": "Practitioner", "location": "Location"}


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

# What each type's address holds an id of.
KEYS = {
    "Schedule": "agenda_id",
    "PractitionerRole": "agenda_id",
    "Practitioner": "practitioner_id",
    "Location": "practice_id",
    "HealthcareService": "reason_id",
}


class Directory(FHIRView):
    """Resources of one type, which is the address's."""

    scopes = {"get": scopes.AGENDAS_READ}
    kind: ClassVar[str] = ""

    def _all(self, request: Request) -> list[dict[str, Any]]:
        return KINDS[self.kind](agendas_with(self, request, "actor", "practitioner", "location"))


class DirectorySearch(Directory):
    """GET [base]/TYPE."""

    @takes("_id", "_count", "actor", "practitioner", "location")
    def get(self, request: Request) -> Response:
        found = self._all(request)
        if "_id" in request.query_params:
            wanted = set(tokens(request, "_id"))
            found = [row for row in found if row["id"] in wanted]
        count = read_count(request)
        return bundle(request, found[:count], more=len(found) > count)


class DirectoryRead(Directory):
    """GET [base]/TYPE/ID."""

    @takes()
    def get(self, request: Request, **ids: uuid.UUID) -> Response:
        wanted = str(ids[KEYS[self.kind]])
        for row in self._all(request):
            if row["id"] == wanted:
                return one(row)
        raise NotFound
