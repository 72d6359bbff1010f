"""A practice's waiting list: who waits for what, since when, and what is offered to them."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.vault.reveal import Purpose
from booking.appointments.queries import appointments as queries
from booking.models import Wait
from booking.pages.access import (
    agendas_of,
    desk_context,
    practice_actor,
    practice_member,
)
from booking.pages.refusals import shown_as_message
from booking.waiting import waiting
from booking.waiting.queries import on_the_list, show


@never_cache
@practice_member("booking.view_agenda")
@require_safe
def waiting_list(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    waits = list(on_the_list().filter(agenda__in=agendas_of(request)))
    context = desk_context(request, current="waiting") | {
        "waits": show(waits, actor=practice_actor(request), purpose=Purpose.BOOKING),
    }
    return render(request, "dashboard/waiting_list.html", context)


@practice_member("booking.change_appointments")
@require_POST
def add_wait(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    """Put the patient of a visit on the list for an earlier slot."""
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if row.agenda_id not in {agenda.pk for agenda in agendas_of(request)}:
        raise Http404
    row.visit_reason.agenda = row.agenda
    with shown_as_message(request, waiting.CannotWait):
        waiting.join(
            visit_reason=row.visit_reason,
            patient=row.patient,
            actor=practice_actor(request),
            now=timezone.now(),
            appointment=row,
            says_known=True,
        )
        messages.success(request, _("C’est noté : un créneau plus tôt sera proposé au patient."))
    return redirect("booking:visit", practice_id, row.pk)


@practice_member("booking.change_appointments")
@require_POST
def remove_wait(request: HttpRequest, practice_id: uuid.UUID, wait_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(Wait.objects.filter(agenda__in=agendas_of(request)), pk=wait_id)
    if waiting.leave(wait=row, actor=practice_actor(request), now=timezone.now()):
        messages.success(request, _("Cette personne n’est plus sur la liste d’attente."))
    else:
        messages.info(request, _("Cette personne n’était déjà plus sur la liste d’attente."))
    return redirect("booking:waiting-list", practice_id)
