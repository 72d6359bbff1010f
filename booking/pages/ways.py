"""Leading to a page of this site, and from there back to where somebody was."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from booking.pages.navigated import is_script


def local_target(request: HttpRequest, target: str) -> str:
    """An address that a form or a link asks to be led to, if it is one of this site; else ""."""
    target = target.strip()
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # "//" names no host, which Django takes for ours, and browsers read "\\" as "/".
    is_path = "\\" not in target.partition("?")[0] and not target.startswith("//")
    return target if is_ours and is_path else ""


def way_back(request: HttpRequest) -> str:
    """The page to which somebody comes back after signing in, or giving a code, on the way.

    A form is not sent again by its address, nor is a fragment a page: the page that held them.
    """
    if request.method in ("GET", "HEAD") and not is_script(request):
        return request.get_full_path()
    return page_before(request)


def page_before(request: HttpRequest) -> str:
    """The page of this site on which a link was followed, or a form sent; "" if none is known."""
    page = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not local_target(request, page):
        return ""
    parts = urlsplit(page)
    # Of http://here//elsewhere the path alone would be the address of another site.
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return local_target(request, path) if path.startswith("/") else ""


def lead_to(request: HttpRequest, name: str, *, back: str | None = None) -> HttpResponse:
    """Lead to a page, and from there back; a fragment's request leads the whole page."""
    back = way_back(request) if back is None else back
    page = reverse(name)
    target = f"{page}?{urlencode({'next': back})}" if back else page
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(target)
    answer = redirect(target)
    # Sent again as it is, from the page that the back button shows, it is no repetition.
    answer.leads_away = True  # type: ignore[attr-defined]
    return answer
