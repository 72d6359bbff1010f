"""Text that PostgreSQL cannot store is refused at the door, for every view alike."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse

from booking.pages.page_forms import is_page_form


class NulMiddleware:
    """Answers 404 to a path that holds a NUL character, 400 to a query or a form that does.

    PostgreSQL has no NUL in text and raises DataError, wherever a value reaches a query; no
    keyboard types one. Forms refuse it field by field, and views that read an address do not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        if is_page_form(request) and b"%00" in request.body:
            raise BadRequest("NUL in the form")
        return self.get_response(request)
