"""Taking patients over from another software: a file, a look at it, its progress, its rejects."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.vault.reveal import Purpose, reveal
from audit.views.factor import fresh_factor
from booking.accounts import team
from booking.dashboard.forms.patient_import import DoublesForm, FileForm, StartForm
from booking.models import PatientImport
from booking.models.patient_import import ImportState
from booking.pages.access import (
    account_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
    require_whole_practice,
)
from booking.pages.files import takes_files
from booking.pages.refusals import shown_in
from booking.takeover import patient_file, patient_import


def _own(request: HttpRequest, import_id: uuid.UUID) -> PatientImport:
    require_whole_practice(request)
    found: PatientImport = get_object_or_404(PatientImport.objects.all(), pk=import_id)
    return found


@never_cache
@takes_files
@practice_member("booking.import_patients")
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    require_whole_practice(request)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        sealed = form.cleaned_data["file"].sealed
        with shown_in(form, {patient_file.UnreadableFile: "file"}):
            row = patient_import.begin(
                practice=membership_of(request).practice,
                account=account_of(request),
                name=sealed.name,
                content=sealed.reader().read(),
                actor=practice_actor(request),
                now=timezone.now(),
            )
            return redirect("booking:patient-import", practice_id, row.pk)
    rows = PatientImport.objects.order_by("-begun_at", "pk")[:20]
    context = desk_context(request, current="patients", form=form, imports=rows)
    return render(request, "dashboard/imports.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


@never_cache
@practice_member("booking.import_patients")
@require_safe
def one_import(request: HttpRequest, practice_id: uuid.UUID, import_id: uuid.UUID) -> HttpResponse:
    """The first lines as they were understood; then how far it is; then what came of it."""
    row = _own(request, import_id)
    context = desk_context(request, current="patients", row=row)
    if request.headers.get("HX-Request"):
        return render(request, "dashboard/_import_progress.html", context)
    if row.state == ImportState.READY:
        with reveal(
            [(row, ("title", "lines"))], actor=practice_actor(request), purpose=Purpose.BOOKING
        ) as plain:
            table = patient_file.read_table(plain.text(row, "lines"))
            context["title"] = plain.text(row, "title")
        lines = list(table.lines())
        compared = patient_import.look_for_doubles(
            lines,
            practice=row.practice,
            actor=practice_actor(request),
            after=_number(request.GET.get("compare", "")),
        )
        preview = patient_import.look(lines, practice=row.practice, now=timezone.now())
        context |= {
            "table": table,
            "preview": preview,
            "first": preview.first,
            "bad": preview.refused,
            "compared": compared,
            "doubles": compared.found,
            "events": row.total + row.left_out,
            "today": timezone.localdate(),
            "doubles_form": DoublesForm(),
            "form": StartForm(practice=row.practice) if table.has_visits else None,
        }
    return render(request, "dashboard/import.html", context)


@practice_member("booking.import_patients")
@fresh_factor("POST")
@require_POST
def change_import(
    request: HttpRequest, practice_id: uuid.UUID, import_id: uuid.UUID, what: str
) -> HttpResponse:
    row, actor, now = _own(request, import_id), practice_actor(request), timezone.now()
    if what == "prendre":
        form = StartForm(request.POST, practice=row.practice)
        if not form.is_valid():
            messages.error(request, _("Rien n’est pris : ce motif n’est plus de ce cabinet."))
            return redirect("booking:patient-import", practice_id, row.pk)
        patient_import.start(
            row=row,
            actor=actor,
            now=now,
            visit_reason=form.cleaned_data["visit_reason"],
            takes_doubles="takes_doubles" in request.POST,
        )
    elif what == "abandonner":
        patient_import.drop(row=row, actor=actor, now=now)
    elif what == "oublier" and row.ended_at is not None:
        patient_import.forget(row=row, actor=actor)
        messages.success(request, _("L’import et ce qui en était refusé sont effacés."))
        return redirect("booking:imports", practice_id)
    else:
        raise Http404
    return redirect("booking:patient-import", practice_id, row.pk)


@never_cache
@practice_member("booking.import_patients")
@fresh_factor("GET", "HEAD", is_file=True)
@require_safe
def rejects(request: HttpRequest, practice_id: uuid.UUID, import_id: uuid.UUID) -> HttpResponseBase:
    row = _own(request, import_id)
    with reveal(
        [(row, ("rejects",))], actor=practice_actor(request), purpose=Purpose.BOOKING,
        object_id=row.pk,
    ) as plain:  # fmt: skip
        text = plain.text(row, "rejects")
    if not text:
        raise Http404
    team.note_file(
        practice=row.practice, what="rejects", object_id=row.pk, actor=practice_actor(request),
        now=timezone.now(),
    )  # fmt: skip
    # Spreadsheets take it for UTF-8 by its mark.
    answer = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="lignes-refusees.csv"'
    return answer
