"""The room of a visit by video, as the patient enters it."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.vault.reveal import Purpose
from booking.appointments.queries import appointments as queries
from booking.models import Appointment
from booking.pages.access import account_required, web_actor
from booking.pages.lost import gone
from booking.pages.room import enter_room, pass_on, room_context, room_events
from booking.video.video import Part


def _own(appointment_id: uuid.UUID) -> Appointment:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if not row.visit_reason.teleconsultation:
        raise Http404
    return row


@never_cache
@account_required
@require_safe
def room(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """The devices are tried here before one enters the waiting room."""
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if not row.visit_reason.teleconsultation:
        # The practice has made it a visit at its place since the mail that led here.
        raise gone.NotThere(
            _("Ce rendez-vous n’est pas une téléconsultation."),
            onward=reverse("booking:appointment", args=[row.pk]),
            label=_("Voir le rendez-vous"),
        )
    (shown,) = queries.show(
        [row], actor=web_actor(request), purpose=Purpose.OWN_DATA, object_id=row.pk
    )
    context = {
        **room_context(row, part=Part.PATIENT),
        "name": shown.name,
        "enter_url": reverse("booking:enter-video", args=[row.pk]),
        "signal_url": reverse("booking:signal-video", args=[row.pk]),
        "back_url": reverse("booking:appointment", args=[row.pk]),
    }
    return render(request, "booking/video.html", context)


@account_required
@require_POST
def enter(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    row = _own(appointment_id)
    events = reverse("booking:video-events", args=[row.pk])
    return enter_room(
        request, row, part=Part.PATIENT, name="", events=events, actor=web_actor(request)
    )


@account_required
@require_POST
def signal(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    return pass_on(request, _own(appointment_id))


@never_cache
@account_required
@require_safe
def events(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponseBase:
    return room_events(request, _own(appointment_id), may_stay=lambda: True)
