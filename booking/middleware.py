"""The signed-in account's language where the reader has not chosen another one, and its session's
last use.
"""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from booking.accounts.sessions import sign_ins
from booking.pages.session import device, known, own_language, unfinished, work_session
from booking.session_store import session_digest

SEEN_AT, SEEN_EVERY_S = "seen_at", 3600


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's, but an answer takes back only the cookie of a session that its own request ended.

    Signing in goes on under a new cookie. An answer to a request that left with the former one (of
    another tab, of the service worker) may arrive after it. Django deletes the cookie in such an
    answer, which signs out the reader who has just signed in, or refuses the request with 400 when
    it has something to note in the session that is gone. A cookie that opens nothing does no harm.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            answer: HttpResponse = super().process_response(request, response)
        except SessionInterrupted:
            return response
        set_here = answer.cookies.get(settings.SESSION_COOKIE_NAME)
        if set_here is not None and not set_here.value and not cast(Any, request.session).was_ended:
            del answer.cookies[settings.SESSION_COOKIE_NAME]
        return answer


class DeviceMiddleware:
    """Opens a session that is bound to a device for that device alone, and offers to bind others.

    Behind the sessions, and before whatever asks who is signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and not device.is_protocol(request):
            now = timezone.now()
            if not device.is_open(request, now=now):
                device.take_as_nobodys(request, now=now)
        answer = self.get_response(request)
        device.offer_to(request, answer)
        return answer


class AccountLanguageMiddleware:
    """Shows pages in the account's language unless the language cookie says otherwise.

    A browser that has left an account goes on in its language (pages/session/own_language.py).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        accounts = "" if own_language.is_chosen(request) else own_language.of_account(request)
        own_language.show(request, accounts or request.COOKIES.get(own_language.COOKIE, ""))
        answer = self.get_response(request)
        own_language.keep(request, answer, accounts)
        return answer


class KnownBrowserMiddleware:
    """Gives a browser in which somebody signs in the cookie by which the account knows it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        known.set_cookie(request, answer)
        return answer


class SeenMiddleware:
    """Notes, at most once an hour, that a signed-in session is in use.

    It ends one of somebody's work that was not for half an hour, any that began a month ago, and
    one that turns up in another browser (pages/session/work_session.py).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        # Where the browser itself asks, no reader does, and what it gets opens no ended session.
        if has_session and SESSION_KEY in request.session and not device.is_protocol(request):
            now = timezone.now()
            if work_session.is_idle(request.session, now=now):
                _end(request, _("Votre session s’est fermée après une demi-heure sans activité."))
                return self.get_response(request)
            if work_session.is_too_old(request.session, now=now):
                _end(request, _("Votre session a plus d’un mois : connectez-vous de nouveau."))
                return self.get_response(request)
            if work_session.is_another_browser(request):
                _end(request, _("Votre navigateur a changé : connectez-vous de nouveau."))
                return self.get_response(request)
            work_session.note_use(request, now=now)
            if now.timestamp() - request.session.get(SEEN_AT, 0) > SEEN_EVERY_S:
                request.session[SEEN_AT] = now.timestamp()
                sign_ins.seen(session_digest(request), now=now)
        return self.get_response(request)


def _end(request: HttpRequest, said: str) -> None:
    """End a session whose reader may be somebody else, and say so on the next page."""
    sign_ins.forget(session_digest(request))
    unfinished.sign_out(request)
    work_session.say_ended(request, said)
