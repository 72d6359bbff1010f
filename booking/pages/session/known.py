"""The cookie by which an account knows a browser again.

See booking/accounts/sessions/known_browsers.py.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from booking.accounts.sessions import known_browsers
from booking.models import Account

COOKIE = f"{settings.HOST_PREFIX}known"
_TO_SET = "known_browser"


def line_of(request: HttpRequest, account: Account | None) -> str:
    """The name of this browser if the account has signed in here before, else ""."""
    return known_browsers.line(known_browsers.read(request.COOKIES.get(COOKIE, "")), account)


def name_of(request: HttpRequest) -> str:
    """What this browser is called, after any sign-in there; "" without a cookie of ours."""
    browser = known_browsers.read(request.COOKIES.get(COOKIE, ""))
    return browser.name if browser.codes else ""


def remember(request: HttpRequest, account: Account) -> None:
    """Let the answer to this request give the browser its cookie."""
    browser = known_browsers.read(request.COOKIES.get(COOKIE, ""))
    setattr(request, _TO_SET, known_browsers.remember(browser, account))


def set_cookie(request: HttpRequest, answer: HttpResponse) -> None:
    """Give the browser its cookie if the request was a sign-in."""
    if text := getattr(request, _TO_SET, ""):
        answer.set_cookie(
            COOKIE, text, max_age=known_browsers.KEPT, httponly=True, samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
