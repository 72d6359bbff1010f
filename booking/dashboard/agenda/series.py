"""Taking more appointments like one that is booked, as a practice."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from booking.appointments.queries import appointments as queries
from booking.appointments.values import By
from booking.dashboard.agenda.said import Done, address_that_says
from booking.dashboard.agenda.visits import name_of
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.pages import repeating
from booking.pages.access import (
    account_of,
    agendas_of,
    membership_of,
    practice_actor,
    practice_member,
)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def repeat_visit(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponse:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if row.agenda_id not in {agenda.pk for agenda in agendas_of(request)}:
        raise Http404

    def said(first: Appointment, count: int) -> HttpResponse:
        address = address_that_says(Done.REPEATED, row, request=request, first=first, count=count)
        return redirect(address)

    by = By(actor=practice_actor(request), channel=Channel.PRACTICE, account=account_of(request))
    return repeating.repeat(
        request,
        row,
        by=by,
        back=reverse("booking:visit", args=[practice_id, row.pk]),
        said=said,
        name=name_of(request, row),
        agendas=[agenda.pk for agenda in agendas_of(request)],
        membership=membership_of(request),
        current="agenda",
    )
