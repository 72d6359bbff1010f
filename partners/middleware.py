"""Route API and FHIR requests directly to their view, without the middleware for browsers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve
from django.utils import translation

PREFIXES = ("/api/v1/", "/fhir/r4/")
# Headers that OWASP's REST Security Cheat Sheet recommends for API responses.
HEADERS = {
    "Content-Language": "en",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


def _in_the_clear() -> HttpResponse:
    """The response to a request without TLS (RFC 9457); its token may have been intercepted."""
    problem = {
        "type": "urn:doctolib:problem:https-required",
        "title": "Use https",
        "status": 403,
        "detail": "This request was sent without TLS. Send it over https, with a new token.",
    }
    return JsonResponse(
        problem, status=403, content_type="application/problem+json", headers=HEADERS
    )


class ProgramsMiddleware:
    """Takes requests of programs straight to their view, in the one language that they speak.

    They have no session, no cookie, no language of a page and no static file: the middleware
    behind this one costs them as much as a bare view (bench/partners.py), and a cookie that comes
    along opens nothing. Everything under these addresses answers for itself: each route has a
    rule, and each of the two faces a last route for what it does not know.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        # Raises DisallowedHost, as CommonMiddleware does for pages.
        request.get_host()
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return _in_the_clear()
        match = request.resolver_match = resolve(request.path_info)
        with translation.override("en"):
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            render = getattr(response, "render", None)
            if render is not None:
                response = render()
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
