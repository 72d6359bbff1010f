"""The room of a visit by video, as the practitioner and an invited colleague enter it."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.ids import read_id
from audit.vault.reveal import Purpose
from booking.appointments.queries import appointments as queries
from booking.models import Appointment
from booking.oversight.dashboard_access import may_still_work
from booking.pages.access import desk_context, membership_of, practice_actor, practice_member
from booking.pages.refusals import as_json, shown_as_message
from booking.pages.room import enter_room, pass_on, room_context, room_events
from booking.video import video, video_room
from booking.video.video import Part
from practitioners.models import Membership


def _visit(appointment_id: uuid.UUID) -> Appointment:
    row = get_object_or_404(queries.with_related(), pk=appointment_id)
    if not row.visit_reason.teleconsultation:
        raise Http404
    return row


def _part(request: HttpRequest, row: Appointment) -> Part:
    """As whom the member enters. Raises PermissionDenied for who is not of this visit."""
    part = video.part_of_member(appointment=row, membership=membership_of(request))
    if part is None:
        raise PermissionDenied
    return part


def _held(request: HttpRequest, appointment_id: uuid.UUID) -> Appointment:
    """A visit that this member holds themselves. Raises PermissionDenied."""
    row = _visit(appointment_id)
    if _part(request, row) != Part.PRACTITIONER:
        raise PermissionDenied
    return row


@never_cache
@practice_member("booking.join_video")
@require_safe
def room(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _visit(appointment_id)
    part = video.part_of_member(appointment=row, membership=membership_of(request))
    back = reverse("booking:visit", args=[practice_id, row.pk])
    context = desk_context(request, current="agenda", back_url=back)
    if part is None:
        context |= {
            "appointment": row,
            "has_practitioner": video.has_practitioner(row),
        }
        return render(request, "dashboard/not_in_video.html", context, status=403)
    (shown,) = queries.show(
        [row], actor=practice_actor(request), purpose=Purpose.CARE, object_id=row.pk
    )
    names = ("enter-practice-video", "signal-practice-video", "start-video", "end-video")
    enter, signal, start, end = (
        reverse(f"booking:{name}", args=[practice_id, row.pk]) for name in names
    )
    context |= {
        **room_context(row, part=part),
        "name": shown.name,
        "enter_url": enter,
        "signal_url": signal,
        "start_url": start if part == Part.PRACTITIONER else "",
        "end_url": end if part == Part.PRACTITIONER else "",
        "colleagues": video.colleagues(row) if part == Part.PRACTITIONER else [],
        "may_reopen": part == Part.PRACTITIONER and video.may_reopen(row, now=timezone.now()),
    }
    return render(request, "booking/video.html", context)


@practice_member("booking.join_video")
@require_POST
def enter(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _visit(appointment_id)
    practitioner = membership_of(request).practitioner
    return enter_room(
        request,
        row,
        part=_part(request, row),
        name=str(practitioner or ""),
        events=reverse("booking:practice-video-events", args=[practice_id, row.pk]),
        actor=practice_actor(request),
    )


@practice_member("booking.join_video")
@require_POST
def signal(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _visit(appointment_id)
    _part(request, row)
    return pass_on(request, row)


@practice_member("booking.join_video")
@require_POST
def start(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _held(request, appointment_id)
    try:
        video.start(appointment=row, actor=practice_actor(request), now=timezone.now())
    except video.CannotEnter as refused:
        return as_json(refused)
    video_room.say(row.pk, "started")
    return HttpResponse(status=204)


@practice_member("booking.join_video")
@require_POST
def end(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _held(request, appointment_id)
    video.end(appointment=row, actor=practice_actor(request), now=timezone.now())
    video_room.say(row.pk, "ended")
    return HttpResponse(status=204)


@practice_member("booking.join_video")
@require_POST
def reopen(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    """Open the room again after it was ended too soon."""
    row = _held(request, appointment_id)
    with shown_as_message(request, video.CannotEnter):
        video.reopen(appointment=row, actor=practice_actor(request), now=timezone.now())
    return redirect("booking:practice-video", practice_id, row.pk)


@practice_member("booking.join_video")
@require_POST
def invite(request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID) -> HttpResponse:
    row = _held(request, appointment_id)
    colleague = get_object_or_404(
        Membership.objects.filter(practice_id=practice_id, practitioner__isnull=False),
        pk=read_id(request.POST.get("membre", "")),
    )
    with shown_as_message(request, video.NotInvited):
        video.invite(
            appointment=row, membership=colleague, actor=practice_actor(request), now=timezone.now()
        )
        messages.success(
            request, _("Votre collègue peut entrer dans la salle de cette téléconsultation.")
        )
    return redirect("booking:practice-video", practice_id, row.pk)


@never_cache
@practice_member("booking.join_video")
@require_safe
def events(
    request: HttpRequest, practice_id: uuid.UUID, appointment_id: uuid.UUID
) -> HttpResponseBase:
    row, membership = _visit(appointment_id), membership_of(request)
    _part(request, row)
    return room_events(request, row, may_stay=lambda: may_still_work(membership))
