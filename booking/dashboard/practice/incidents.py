"""What a practice is told of an incident: its own list, its duties, and a text that it can send."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.incidents import authority, workflow
from audit.incidents.severity import Severity
from audit.models import Incident, NoticeKind
from audit.record import entries
from audit.spreadsheet import table_of
from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor
from booking import actions
from booking.accounts import team
from booking.oversight.incident_post import preview
from booking.oversight.queries.incidents import Exposed, exposed_at, incidents_of_practice
from booking.pages.access import desk_context, membership_of, practice_actor, practice_member
from practitioners.domain.date_words import in_cell
from practitioners.templatetags.doctolib import born

FIELDS = ("last_name", "first_name", "birth_date", "phone", "email")


def _found(request: HttpRequest, number: int) -> Incident:
    told = incidents_of_practice(membership_of(request).practice)
    found = next((incident for incident in told if incident.number == number), None)
    if found is None:
        raise Http404
    return found


def _named(request: HttpRequest, incident: Incident) -> list[tuple[Exposed, dict[str, str]]]:
    """The list with names: opened for the practice, on the record."""
    practice = membership_of(request).practice
    rows = exposed_at(incident, practice, now=timezone.now())
    wanted = [(row.patient, FIELDS) for row in rows]
    with reveal(
        wanted, actor=practice_actor(request), purpose=Purpose.LEGAL, object_id=incident.pk
    ) as plain:
        return [(row, {name: plain.text(row.patient, name) for name in FIELDS}) for row in rows]


@never_cache
@practice_member("booking.view_record")
@require_safe
def practice_incidents(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    context = desk_context(request, current="record") | {
        "incidents": incidents_of_practice(membership_of(request).practice),
    }
    return render(request, "dashboard/incidents.html", context)


@never_cache
@practice_member("booking.view_record")
@require_safe
def practice_incident(request: HttpRequest, practice_id: uuid.UUID, number: int) -> HttpResponse:
    incident = _found(request, number)
    context = desk_context(request, current="record") | {
        "incident": incident,
        "through": authority.source_names(incident),
        "severity": authority.severity_words(Severity.read(incident.assessment)),
        "rows": _named(request, incident),
        "text": preview(incident, NoticeKind.PATIENT),
        "is_delegated": incident.delegations.filter(practice_id=practice_id).exists(),
    }
    return render(request, "dashboard/incident.html", context)


@never_cache
@practice_member("booking.view_record")
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def practice_incident_csv(
    request: HttpRequest, practice_id: uuid.UUID, number: int
) -> HttpResponse:
    incident = _found(request, number)
    rows = _named(request, incident)
    entries.write(
        actions.RECORD_EXPORTED,
        actor=practice_actor(request),
        practice_id=practice_id,
        object_id=incident.pk,
        details={"incident": incident.number, "count": len(rows)},
    )
    team.note_file(
        practice=membership_of(request).practice, what="incident", object_id=incident.pk,
        actor=practice_actor(request), now=timezone.now(),
    )  # fmt: skip
    head = [
        _("Nom"), _("Prénom"), _("Date de naissance"), _("Téléphone"), _("E-mail"),
        _("Données"), _("Première lecture"), _("Dernière lecture"), _("Pas joint"),
    ]  # fmt: skip
    zone = membership_of(request).practice.zone
    table: list[list[object]] = [[*head]]
    for row, texts in rows:
        instants = [in_cell(at, zone) for at in (row.first_at, row.last_at)]
        texts["birth_date"] = born(texts["birth_date"])
        named = [texts[name] for name in FIELDS]
        unreached = _("oui") if row.is_unreached else ""
        table.append([*named, ", ".join(row.data), *instants, unreached])
    answer = HttpResponse(table_of(table), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="incident-{number}.csv"'
    return answer


@never_cache
@practice_member("booking.view_record")
@require_POST
def delegate(request: HttpRequest, practice_id: uuid.UUID, number: int) -> HttpResponse:
    workflow.delegate(
        _found(request, number),
        practice_id=practice_id,
        actor=practice_actor(request),
        now=timezone.now(),
    )
    messages.success(request, _("Nous informerons vos patients en votre nom."))
    return redirect("booking:practice-incident", practice_id, number)
