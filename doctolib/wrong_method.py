"""An address that only takes forms, opened as a page: a page with a way on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


class WrongMethodMiddleware:
    """Gives the empty answer 405 to a page's request the site's look and a link."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        is_bare = answer.status_code == 405 and not answer.streaming and not answer.content
        if is_bare and request.method == "GET" and request.accepts("text/html"):
            answer.content = render_to_string("405.html", request=request)
            answer["Content-Type"] = "text/html; charset=utf-8"
        return answer
