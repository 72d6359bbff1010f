"""The signed-in account's language where the reader has not chosen another one, and its session's
last use.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from booking.domain import sign_ins
from booking.session_store import session_digest
from booking.views import known

SEEN_AT, SEEN_EVERY_S = "seen_at", 3600


class AccountLanguageMiddleware:
    """Shows pages in the account's language unless the language cookie says otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if not chosen and settings.SESSION_COOKIE_NAME in request.COOKIES:
            language = getattr(request.user, "language", None)
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = language
        return self.get_response(request)


class KnownBrowserMiddleware:
    """Gives a browser in which somebody signs in the cookie by which the account knows it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        known.set_cookie(request, answer)
        return answer


class SeenMiddleware:
    """Notes, at most once an hour, that a signed-in session is in use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            now = timezone.now()
            if now.timestamp() - request.session.get(SEEN_AT, 0) > SEEN_EVERY_S:
                request.session[SEEN_AT] = now.timestamp()
                sign_ins.seen(session_digest(request), now=now)
        return self.get_response(request)
