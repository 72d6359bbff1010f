"""A patient's documents, given to practices and had from them."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.ids import read_id
from audit.vault.reveal import Purpose
from booking.exchange import documents
from booking.exchange.queries import documents as queries
from booking.models import PracticePatient
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.files import given_text, send, takes_files
from booking.pages.forms.documents import GiveForm
from booking.pages.people import named_people
from booking.pages.refusals import shown_as_message, shown_in


def _receivers(request: HttpRequest) -> dict[str, tuple[PracticePatient, str]]:
    """Which of one's people is known to which practice, with both names."""
    people = named_people(request)
    links = PracticePatient.objects.filter(patient__in=[row.pk for row, _name in people])
    by_person: dict[uuid.UUID, list[PracticePatient]] = {}
    for link in links.select_related("practice", "patient").order_by("practice__name", "pk"):
        by_person.setdefault(link.patient_id, []).append(link)
    return {
        str(link.pk): (link, f"{name} · {link.practice.name}, {link.practice.town}")
        for row, name in people
        for link in by_person.get(row.pk, [])
    }


def _chosen(request: HttpRequest, receivers: dict[str, tuple[PracticePatient, str]]) -> str:
    """The receiver that an address names by the person and the practice; empty without one."""
    asked = tuple(read_id(request.GET.get(name, "")) for name in ("pour", "cabinet"))
    named = (
        key
        for key, (link, _label) in receivers.items()
        if (link.patient_id, link.practice_id) == asked
    )
    return next(named, "")


@never_cache
@takes_files
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_documents(request: HttpRequest) -> HttpResponse:
    receivers = _receivers(request)
    form = GiveForm(
        request.POST or None,
        request.FILES or None,
        receivers=[(key, label) for key, (_link, label) in receivers.items()],
        chosen=_chosen(request, receivers),
    )
    if request.method == "POST" and form.is_valid():
        link, _label = receivers[form.cleaned_data["receiver"]]
        files = form.cleaned_data["uploads"]
        with shown_in(form, {documents.CannotTake: "uploads"}):
            documents.give_all(
                files=files,
                patient=link.patient,
                practice=link.practice,
                author=account_of(request),
                by_practice=False,
                actor=web_actor(request),
                now=timezone.now(),
            )
            messages.success(request, given_text(len(files)))
            return redirect("booking:my-documents")
    rows = list(queries.newest()[: queries.LIMIT])
    context = {
        "documents": queries.show(rows, actor=web_actor(request), purpose=Purpose.OWN_DATA),
        "form": form,
        "may_give": bool(receivers),
    }
    return render(request, "booking/documents.html", context)


@never_cache
@account_required
@require_safe
def my_document(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    row = get_object_or_404(queries.newest(), pk=document_id)
    return send(request, row, actor=web_actor(request), purpose=Purpose.OWN_DATA, by_practice=False)


@account_required
@require_POST
def withdraw_document(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(queries.newest().filter(by_practice=False), pk=document_id)
    with shown_as_message(request, documents.CannotWithdraw):
        documents.withdraw(document=row, actor=web_actor(request), now=timezone.now())
        messages.success(request, _("Le document est retiré."))
    return redirect("booking:my-documents")
