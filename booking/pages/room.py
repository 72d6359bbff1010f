"""The room of a visit by video, as both sides' pages enter it and hear from it."""

import json
import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record.entries import Actor
from booking.models import Appointment
from booking.pages.access import account_of
from booking.pages.live import event_stream, is_still_signed_in, live_url
from booking.pages.refusals import as_json
from booking.video import video, video_room
from booking.video.video import Part
from practitioners.domain import live


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
        return as_json(refused)
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
        return as_json(refused)
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
