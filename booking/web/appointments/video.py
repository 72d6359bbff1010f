"""The room of a visit by video, as the patient enters it, and what both sides' pages share."""

import json
import secrets
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.record.entries import Actor
from audit.vault.reveal import Purpose
from booking.appointments.queries import appointments as queries
from booking.models import Appointment
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.live import event_stream, is_still_signed_in, live_url
from booking.pages.lost import gone
from booking.video import video, video_room
from booking.video.video import Part
from practitioners.domain import live


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


def room_context(row: Appointment, *, part: Part) -> dict[str, object]:
    """What the page of a room shows to both sides."""
    problem, opens_at = "", video.opens_at(row)
    try:
        video.check_open(row, now=timezone.now())
    except video.CannotEnter as refused:
        problem = str(refused.text)
    return {
        "appointment": row,
        "practice": row.practice,
        "part": part,
        "problem": problem,
        "opens_at": opens_at if timezone.now() < opens_at else None,
    }


def enter_room(
    request: HttpRequest, row: Appointment, *, part: Part, name: str, events: str, actor: Actor
) -> HttpResponse:
    """Give the page a place, the ways to the others, and the address of the room's events."""
    account, now = account_of(request), timezone.now()
    try:
        video.enter(appointment=row, part=part, actor=actor, now=now)
    except video.CannotEnter as refused:
        return JsonResponse({"problem": str(refused.text)}, status=409)
    place = video_room.take_place(
        appointment_id=row.pk, account_id=account.pk, part=part, name=name
    )
    return JsonResponse(
        {
            "place": place,
            "events": live_url(request, f"{events}?place={place}"),
            "ice_servers": video.ice_servers(account_id=account.pk, now=now),
            "relay_only": settings.TURN_ONLY,
        }
    )


def pass_on(request: HttpRequest, row: Appointment) -> HttpResponse:
    """Hand what a browser says of its connections to the others in the room."""
    try:
        video.check_open(row, now=timezone.now())
        account_id = account_of(request).pk
        if "leaves" in request.POST:
            # A page that is being closed can send a form, and nothing else.
            video_room.leave_own(
                appointment_id=row.pk, account_id=account_id, place=request.POST["leaves"][:32]
            )
            return HttpResponse(status=204)
        given = json.loads(request.body)
        if not isinstance(given, dict):
            raise video_room.BadSignal
        video_room.tell(
            appointment_id=row.pk,
            account_id=account_id,
            place=str(given.get("place", ""))[:32],
            items=given.get("items"),
            has_started=video.has_started(row),
        )
    except video.CannotEnter as refused:
        return JsonResponse({"problem": str(refused.text)}, status=409)
    except video_room.NoSuchPlace:
        return JsonResponse({"problem": _("Vous avez quitté la salle.")}, status=403)
    except video_room.TooManySignals:
        return HttpResponse(status=429, headers={"Retry-After": str(video_room.TOLD_WITHIN_S)})
    except (ValueError, RecursionError, video_room.BadSignal):
        return JsonResponse({"problem": _("Message illisible.")}, status=400)
    return HttpResponse(status=204)


def room_events(
    request: HttpRequest, row: Appointment, *, may_stay: Callable[[], bool]
) -> HttpResponseBase:
    """A room's events for one place. `may_stay`: what beside the session must still hold."""
    place, account_id = request.GET.get("place", "")[:32], account_of(request).pk
    if not video_room.is_place_of(appointment_id=row.pk, account_id=account_id, place=place):
        raise Http404

    topic, listener = video_room.topic_of(row.pk), secrets.token_hex(8)

    def opened() -> list[dict[str, object]]:
        others = video_room.arrive(
            appointment_id=row.pk, account_id=account_id, place=place, listener=listener
        )
        return [{"kind": "welcome", "people": others, "started": video.has_started(row)}]

    def may_go_on() -> bool:
        # It may be gone by now, with the account that was erased.
        current = Appointment.unscoped.filter(pk=row.pk).first()
        try:
            if current is None:
                return False
            video.check_open(current, now=timezone.now())
        except video.CannotEnter:
            return False
        return is_still_signed_in(request) and may_stay()

    return event_stream(
        request,
        begins=lambda: live.last_id(topic),
        follow=lambda after: live.follow(topic, after=after),
        opened=opened,
        wanted=lambda event: video_room.is_for(event, place),
        may_go_on=may_go_on,
        closed=lambda: video_room.pause(appointment_id=row.pk, place=place, listener=listener),
    )
