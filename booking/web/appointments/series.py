"""Taking more appointments like one that is booked, as a patient."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from booking.appointments.queries import appointments as queries
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.pages import repeating
from booking.pages.access import account_of, account_required, web_actor


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def repeat(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    back = reverse("booking:appointment", args=[row.pk])

    def said(_first: Appointment, count: int) -> HttpResponse:
        text = ngettext(
            "%(n)d rendez-vous de plus est pris. Un e-mail le confirme.",
            "%(n)d rendez-vous de plus sont pris. Un e-mail les confirme.",
            count,
        )
        messages.success(request, text % {"n": count})
        return redirect(back)

    by = By(actor=web_actor(request), channel=Channel.PATIENT, account=account_of(request))
    return repeating.repeat(request, row, by=by, back=back, said=said)
