"""Server-sent events: pages that stay open, served by the ASGI process alone."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from booking.pages.session import device
from practitioners.domain import live as hints

RETRY_MS = 1500
Events = AsyncIterator[tuple[str, dict[str, Any]] | None]


def live_url(request: HttpRequest, path: str) -> str:
    """Where a page follows events: the same site, or in development the port beside it."""
    if not settings.LIVE_PORT:
        return path
    return f"{request.scheme}://{_name(request.get_host())}:{settings.LIVE_PORT}{path}"


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def name_of_origin(origin: str) -> str:
    """The host that an Origin header names; empty for what is no origin."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def event_stream(
    request: HttpRequest,
    *,
    begins: Callable[[], str],
    follow: Callable[[str], Events],
    opened: Callable[[], Iterable[dict[str, Any]]] = tuple,
    wanted: Callable[[dict[str, Any]], bool] = lambda event: True,
    may_go_on: Callable[[], bool],
    closed: Callable[[], None] = lambda: None,
) -> HttpResponseBase:
    """Answer with the events that `follow` yields until the reader leaves or may see no more.

    `begins` gives the id after which a new reader's events begin; one who comes back says it.
    `opened` runs before the first of them, and what it returns comes first; `may_go_on` is
    asked at every beat (live.BEAT_S), so that a closed session loses its streams; `closed` runs
    at the end, whatever the end. Where the session is bound to a device, its browser is told to ask
    again once the pass is over with which it came.
    """
    if not isinstance(request, ASGIRequest):
        # A worker of the WSGI server would be held for as long as the page is open.
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    after = hints.read_event_id(request.headers.get("Last-Event-ID", "")) or begins()
    answer = StreamingHttpResponse(
        _lines(
            after,
            follow=follow,
            opened=opened,
            wanted=wanted,
            may_go_on=may_go_on,
            closed=closed,
            lasts=device.seconds_open(request, now=timezone.now()),
        ),
        content_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    origin = request.headers.get("Origin", "")
    if settings.LIVE_PORT and name_of_origin(origin) == _name(request.get_host()):
        answer["Access-Control-Allow-Origin"] = origin
        answer["Access-Control-Allow-Credentials"] = "true"
    return answer


async def _lines(
    after: str,
    *,
    follow: Callable[[str], Events],
    opened: Callable[[], Iterable[dict[str, Any]]],
    wanted: Callable[[dict[str, Any]], bool],
    may_go_on: Callable[[], bool],
    closed: Callable[[], None],
    lasts: float | None,
) -> AsyncIterator[str]:
    # Whoever is cut off before the first event goes on from here.
    yield f"retry: {RETRY_MS}\nid: {after}\n\n"
    try:
        for event in await _in_thread(opened):
            yield f"data: {json.dumps(event)}\n\n"
        asked_at = began_at = time.monotonic()
        async for found in follow(after):
            if lasts is not None and time.monotonic() - began_at >= lasts:
                yield f"data: {json.dumps({'kind': 'again'})}\n\n"
                return
            # Much news must not keep a closed session's stream open.
            if found is None or time.monotonic() - asked_at >= hints.BEAT_S:
                if not await _in_thread(may_go_on):
                    yield f"data: {json.dumps({'kind': 'closed'})}\n\n"
                    return
                asked_at = time.monotonic()
            if found is None:
                yield ": \n\n"
            elif wanted(found[1]):
                yield f"id: {found[0]}\ndata: {json.dumps(found[1])}\n\n"
    finally:
        await _in_thread(closed)


async def _in_thread(work: Callable[[], Any]) -> Any:
    def working() -> Any:
        try:
            return work()
        finally:
            # An open page must not keep a connection of the database to itself.
            connections.close_all()

    return await sync_to_async(working)()


def session_anew(request: HttpRequest) -> HttpRequest:
    """The session and the account with which a page was opened, asked of the store anew."""
    session: SessionBase = request.session
    fresh = HttpRequest()
    fresh.session = type(session)(session.session_key)
    fresh.user = get_user(fresh)
    return fresh


def is_still_signed_in(request: HttpRequest) -> bool:
    """Whether the session with which a page was opened is alive now."""
    return bool(session_anew(request).user.pk == request.user.pk)
