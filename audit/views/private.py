"""Pages, files and answers that are somebody's own: no browser, and no proxy, keeps them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

Answer = TypeVar("Answer", bound=HttpResponseBase)


def keep_private(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Mark what a view answers with no-store (RFC 9111, section 5.2.2.5), redirects as well.

    Every guard of a page that takes a session does so: on a shared machine, the back button would
    show what was there after its reader has signed out.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Answer:
        answer = view(request, *args, **kwargs)
        if not answer.has_header("Cache-Control"):
            add_never_cache_headers(answer)
        return answer

    return guarded
