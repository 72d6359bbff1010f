"""The language of pages where nobody has chosen one in this browser: the account's, and what a
browser goes on in once it is signed out.

What a form says when it ends a session ("your account is erased") stands on the next page, which
nobody is signed in to any more: it would be in the browser's language around it. So a browser
keeps, until it is closed, the language of the account that was signed in last. A language that is
chosen in the footer comes before it, and so does the account of whoever signs in next.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

COOKIE = f"{settings.HOST_PREFIX}left_language"


def is_chosen(request: HttpRequest) -> bool:
    """Whether somebody has chosen a language in this browser."""
    return bool(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))


def of_account(request: HttpRequest) -> str:
    """The language of the account that is signed in; "" for nobody."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    return str(getattr(request.user, "language", None) or "")


def show(request: HttpRequest, language: str) -> None:
    """Go on in a language, unless another one was chosen in this browser."""
    if language in dict(settings.LANGUAGES) and not is_chosen(request):
        translation.activate(language)
        request.LANGUAGE_CODE = language


def keep(request: HttpRequest, answer: HttpResponse, language: str) -> None:
    """Let the browser go on in an account's language once it is signed out."""
    if language and request.COOKIES.get(COOKIE) != language:
        answer.set_cookie(
            COOKIE, language, httponly=True, samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )  # fmt: skip
