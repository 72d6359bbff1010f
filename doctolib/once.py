"""A form that a browser sends twice is carried out once: after a double click, say."""

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import redis
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from audit.derived_key import derived_key
from audit.redis_client import claim, redis_client
from audit.vault import carried
from booking.pages.page_forms import TOKEN, is_page_form

logger = logging.getLogger(__name__)

# Set on a redirect that carried nothing out: it asks for a sign-in or a code first.
LEADS_AWAY = "leads_away"
# How long the same page's form with the same content is the same form.
REMEMBERED_S = 600
# How long the first of two requests may take before the second one stops waiting for it.
PENDING_S = 15
ASK_EVERY_S = 0.05
PENDING = b"pending "
USE = b"form sent twice"


class OnceMiddleware:
    """Answers the second of two equal form posts with the first one's redirect.

    Django masks the CSRF token anew for every page that it renders, so an equal token and an equal
    body from the same session mean the same page's form, sent again. Only a redirect is remembered,
    which is how a form that was accepted is answered: a refused form may be sent again as it is. It
    is sealed under the form itself, with the cookie that goes along: Redis has neither.
    Requests of scripts (htmx, fetch) and uploads are left alone. Without Redis, forms are carried
    out as often as they are sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        form = _form_of(request)
        if form is None:
            return self.get_response(request)
        try:
            remembered = _claim(form)
        except redis.RedisError:
            logger.warning("no Redis: a form sent twice is carried out twice")
            return self.get_response(request)
        if remembered is not None:
            return _again(request, remembered)
        response = None
        try:
            response = self.get_response(request)
        finally:
            _remember(form, request, response)
        return response


@dataclass(frozen=True)
class _Form:
    """A page's form as it was sent: its name in Redis, and what its answer is sealed under."""

    name: str
    opens: str

    def seal(self, answer: dict[str, str]) -> bytes:
        return carried.put_under(json.dumps(answer).encode(), carried=self.opens, use=USE)

    def unseal(self, stored: bytes) -> dict[str, str] | None:
        text = carried.take_from_under(stored, carried=self.opens, use=USE)
        return None if text is None else cast("dict[str, str]", json.loads(text))


def _form_of(request: HttpRequest) -> _Form | None:
    """Return a page's form as it was sent; None for every other request."""
    if not is_page_form(request) or "HX-Request" in request.headers:
        return None
    sender = request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.COOKIES.get(
        settings.CSRF_COOKIE_NAME
    )
    if not sender or not request.POST.get(TOKEN):
        return None
    content = b"\0".join([sender.encode(), request.get_full_path().encode(), request.body])
    digest = hmac.digest(_naming_key(settings.SECRET_KEY), content, hashlib.sha256)
    opens = hashlib.sha256(b"opens|" + content)
    return _Form(name=f"doctolib:once:{digest.hex()}", opens=opens.hexdigest())


@lru_cache(maxsize=2)
def _naming_key(secret: str) -> bytes:
    return derived_key(secret, b"names of forms")


def _claim(form: _Form) -> dict[str, str] | None:
    """Claim a form for this request; or return how it was answered before.

    Waits while the first request is under way, for PENDING_S at most. What does not open was not
    written by us, and counts as nothing.
    """
    deadline = time.monotonic() + PENDING_S
    while (found := claim(form.name, seconds=PENDING_S, mark=PENDING)) is not None:
        if not found.startswith(PENDING):
            return form.unseal(found)
        if time.monotonic() > deadline:
            return None
        time.sleep(ASK_EVERY_S)
    return None


def _remember(form: _Form, request: HttpRequest, response: HttpResponse | None) -> None:
    """Keep an accepted form's redirect; let a form that was not accepted be sent again."""
    session: Any = request.session
    try:
        if not isinstance(response, HttpResponseRedirect) or hasattr(response, LEADS_AWAY):
            redis_client().delete(form.name)
            return
        kept = {"to": response.url}
        if SESSION_KEY not in session and session.session_key:
            # The visitor's session may have begun with this form, and its cookie been missed.
            kept["session"] = session.session_key
        elif _has_new_session(request):
            # Signing in has begun a session: a second request must prove as much by itself.
            redis_client().delete(form.name)
            return
        redis_client().set(form.name, form.seal(kept), ex=REMEMBERED_S)
    except redis.RedisError:
        logger.warning("no Redis: a form sent twice is carried out twice")


def _has_new_session(request: HttpRequest) -> bool:
    sent = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return not secrets.compare_digest(sent, request.session.session_key or "")


def _again(request: HttpRequest, remembered: dict[str, str]) -> HttpResponse:
    response = HttpResponseRedirect(remembered["to"])
    if key := remembered.get("session"):
        response.set_cookie(
            settings.SESSION_COOKIE_NAME, key, max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE, httponly=settings.SESSION_COOKIE_HTTPONLY,
            samesite="Lax",
        )  # fmt: skip
    return response
