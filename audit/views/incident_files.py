"""The files of an incident that the team takes along: register, form, evidence, proofs."""

import json
import uuid
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.incidents import authority, evidence, overview
from audit.incidents.exposure import lines_of
from audit.models import Incident
from audit.record import proofs
from audit.spreadsheet import table_of
from audit.views.access import staff_only
from audit.views.factor import fresh_factor
from audit.views.incidents import incident_of


@never_cache
@staff_only
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def register_csv(request: HttpRequest) -> HttpResponse:
    head = [
        _("numéro"), _("état"), _("début"), _("détecté le"), _("contenu le"), _("par"),
        _("personnes"), _("cabinets"), _("gravité"), _("notifié à l’autorité le"),
        _("fausse alerte"), _("exercice"),
    ]  # fmt: skip
    rows = overview.register(Incident.objects.all(), now=timezone.now())
    answer = HttpResponse(
        table_of([head, *map(_register_row, rows)]), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="registre-des-violations.csv"'
    return answer


def _register_row(row: overview.RegisterRow) -> list[object]:
    one = row.incident
    instants = (one.began_at, one.detected_at, one.contained_at)
    return [
        one.number, one.get_state_display(), *map(_iso, instants), row.through,
        row.people, row.practices, row.severity, _iso(one.filed_at),
        _("oui") if one.is_false_alarm else "", _("oui") if one.is_training else "",
    ]  # fmt: skip


def _iso(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


@never_cache
@staff_only
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def form_pdf(request: HttpRequest, number: int) -> HttpResponse:
    answer = HttpResponse(
        authority.as_pdf(incident_of(number), now=timezone.now()), content_type="application/pdf"
    )
    answer["Content-Disposition"] = f'attachment; filename="notification-{number}.pdf"'
    return answer


@never_cache
@staff_only
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def form_json(request: HttpRequest, number: int) -> HttpResponse:
    made = authority.as_json(incident_of(number), now=timezone.now())
    answer = JsonResponse(made, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="notification-{number}.json"'
    return answer


@never_cache
@staff_only
@require_safe
def proof(request: HttpRequest, number: int, entry_id: uuid.UUID) -> HttpResponse:
    lines = lines_of(incident_of(number), now=timezone.now())
    line = next((line for line in lines if line.entry_id == entry_id), None)
    if line is None:
        raise Http404
    try:
        made = proofs.inclusion(entry_id=entry_id, subjects=line.subjects)
    except proofs.NotYetSealed:
        raise Http404 from None
    answer = JsonResponse(made)
    answer["Content-Disposition"] = f'attachment; filename="preuve-{entry_id}.json"'
    return answer


@never_cache
@staff_only
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def bundle(request: HttpRequest, number: int) -> HttpResponse:
    try:
        # Made before anything is sent: a file that breaks off is no evidence.
        text = "".join(evidence.evidence_lines(incident_of(number), now=timezone.now()))
    except proofs.NotYetSealed:
        messages.error(
            request, _("Des inscriptions attendent leur sceau : dans quelques secondes.")
        )
        return redirect("incidents:incident", number)
    answer = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="incident-{number}.jsonl"'
    return answer


@never_cache
@staff_only
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def exposure_json(request: HttpRequest, number: int) -> HttpResponse:
    """Every opening by ids, for whoever works with the list."""
    rows = [
        {
            "entry": str(line.entry_id),
            "at": line.at.isoformat(),
            "practice": str(line.practice_id),
            "subjects": [str(subject) for subject in line.subjects],
            "fields": list(line.fields),
        }
        for line in lines_of(incident_of(number), now=timezone.now())
    ]
    answer = HttpResponse(json.dumps(rows), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="lectures-{number}.json"'
    return answer
