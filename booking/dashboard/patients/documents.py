"""A practice's documents: those that wait to be opened, and a patient's."""

import uuid

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.vault.reveal import Purpose, reveal
from booking.exchange import documents
from booking.exchange.queries import documents as queries
from booking.models import Appointment, Document, Patient
from booking.pages.access import (
    account_of,
    agendas_of,
    desk_context,
    membership_of,
    practice_actor,
    practice_member,
)
from booking.pages.files import given_text, send, takes_files
from booking.pages.forms.documents import FilesForm
from booking.pages.refusals import shown_as_message, shown_in
from booking.patients.patients import NAME_FIELDS


def _in_reach(request: HttpRequest) -> QuerySet[Patient]:
    """The practice's patients; for members of some agendas alone, those with a visit there."""
    patients: QuerySet[Patient] = Patient.objects.all()
    if membership_of(request).agendas.exists():
        visits = Appointment.objects.filter(agenda__in=agendas_of(request))
        patients = patients.filter(pk__in=visits.values("patient"))
    return patients


@never_cache
@practice_member("booking.view_patients")
@require_safe
def practice_documents(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    """What patients gave and nobody has opened yet, oldest first."""
    waiting = queries.newest().filter(
        by_practice=False, opened_at__isnull=True, patient__in=_in_reach(request)
    )
    rows = list(waiting.order_by("given_at", "pk")[: queries.LIMIT])
    shown = queries.show(rows, actor=practice_actor(request), purpose=Purpose.CARE)
    return render(
        request,
        "dashboard/documents.html",
        desk_context(request, current="conversations", documents=shown),
    )


@never_cache
@takes_files
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def patient_documents(
    request: HttpRequest, practice_id: uuid.UUID, patient_id: uuid.UUID
) -> HttpResponse:
    patient = get_object_or_404(_in_reach(request), pk=patient_id)
    form = FilesForm(request.POST, request.FILES) if request.method == "POST" else FilesForm()
    if request.method == "POST" and form.is_valid():
        files = form.cleaned_data["uploads"]
        with shown_in(form, {documents.CannotTake: "uploads"}):
            documents.give_all(
                files=files,
                patient=patient,
                practice=membership_of(request).practice,
                author=account_of(request),
                by_practice=True,
                actor=practice_actor(request),
                now=timezone.now(),
            )
            messages.success(request, given_text(len(files)))
            return redirect("booking:patient-documents", practice_id, patient.pk)
    rows = list(queries.newest().filter(patient=patient)[: queries.LIMIT])
    shown = queries.show(rows, actor=practice_actor(request), purpose=Purpose.CARE)
    with reveal(
        [(patient, NAME_FIELDS)], actor=practice_actor(request), purpose=Purpose.CARE
    ) as plain:
        name = plain.joined(patient, NAME_FIELDS)
    context = desk_context(
        request,
        current="conversations",
        documents=shown,
        form=form,
        name=name,
        patient=patient,
        has_account=patient.account_id is not None,
    )
    return render(request, "dashboard/patient_documents.html", context)


def _own(request: HttpRequest, document_id: uuid.UUID) -> Document:
    mine = queries.newest().filter(patient__in=_in_reach(request))
    found: Document = get_object_or_404(mine, pk=document_id)
    return found


@never_cache
@practice_member("booking.change_appointments")
@require_safe
def practice_document(
    request: HttpRequest, practice_id: uuid.UUID, document_id: uuid.UUID
) -> HttpResponseBase:
    row = _own(request, document_id)
    return send(request, row, actor=practice_actor(request), purpose=Purpose.CARE, by_practice=True)


@practice_member("booking.change_appointments")
@require_POST
def withdraw_document(
    request: HttpRequest, practice_id: uuid.UUID, document_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, document_id)
    if not row.by_practice:
        raise Http404
    with shown_as_message(request, documents.CannotWithdraw):
        documents.withdraw(document=row, actor=practice_actor(request), now=timezone.now())
        messages.success(request, _("Le document est retiré."))
    return redirect("booking:patient-documents", practice_id, row.patient_id)
