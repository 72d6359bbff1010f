"""What somebody typed into a form that is refused: shown again, so that it is not lost.

A page that is gone (404), a role that has ended (403), a question that somebody else has answered:
none of these can show the form again, but all can show its words.
"""

import re
from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers

# Never shown on a page: they are typed anew.
SECRET = ("password", "current", "code", "token", "key", "secret")
# Said by a page's own fields and not by its reader: addresses, ids, times, numbers, choices.
_BY_THE_PAGE = re.compile(r"/\S*|[0-9a-f-]{32,36}|[\d:TZ.+ -]*|[a-z0-9_-]+")


def typed(given: QueryDict) -> list[str]:
    """Return the words that a form holds, in its order, without secrets and a page's own values.

    Nor with what its page showed (audit/forms/shown.py).
    """
    found = [
        value.strip()
        for name, values in given.lists()
        for value in values
        if not name.startswith("initial-") and not any(word in name.lower() for word in SECRET)
    ]
    return [words for words in found if words and not _BY_THE_PAGE.fullmatch(words)]


def typed_in(request: HttpRequest) -> list[str]:
    """Return the words of a request's form; none where there is no form, or it cannot be read."""
    if request.method != "POST":
        return []
    # Django REST framework hands templates its own request, which refuses forms.
    request = getattr(request, "_request", request)
    try:
        return typed(request.POST)
    except (
        MultiPartParserError, RawPostDataException, SuspiciousOperation, UnreadablePostError,
    ):  # fmt: skip
        return []


def refuse(
    request: HttpRequest,
    problem: object,
    *,
    onward: str,
    context: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Say why a form is refused: at the address `onward`, or with its words where it had some.

    `context`: what the frame of the page shows besides, and which one it is (`shell`).
    """
    if not typed_in(request):
        messages.error(request, str(problem))
        return redirect(onward)
    shown = {**(context or {}), "problem": str(problem), "onward": onward}
    answer = render(request, "not_taken.html", shown, status=409)
    add_never_cache_headers(answer)
    return answer
