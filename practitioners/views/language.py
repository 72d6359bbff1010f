"""The language in which a link of another site leads here: `lang` in its address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers

LANG = "lang"
View = Callable[..., HttpResponse]


def takes_language(view: View) -> View:
    """Let an address choose the language of the pages, as their footer does.

    It is kept in the browser, for all that follows, and leaves the address: who chooses another
    language in the footer comes back to the page and not to the choice of the link.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if LANG not in request.GET:
            return view(request, *args, **kwargs)
        given = request.GET.copy()
        language = str(given.pop(LANG)[-1])
        query = given.urlencode()
        answer = redirect(f"{request.path}?{query}" if query else request.path)
        add_never_cache_headers(answer)
        if language in dict(settings.LANGUAGES):
            answer.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.LANGUAGE_COOKIE_AGE,
                path=settings.LANGUAGE_COOKIE_PATH, domain=settings.LANGUAGE_COOKIE_DOMAIN,
                secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
            )  # fmt: skip
        return answer

    return guarded
