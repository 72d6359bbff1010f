"""Views that take a form and may answer with its page, at an address of their own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponse]


def form_is_at(name: str, args_of: Callable[..., tuple[object, ...]] | None = None) -> Any:
    """Take only POST; lead a GET, as after a change of language, to the page of the form.

    `args_of` is called as the view is, and returns the arguments of that page's address.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @require_http_methods(["GET", "HEAD", "POST"])
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return redirect(name, *(args_of(request, *args, **kwargs) if args_of else ()))

        return guarded

    return decorate
