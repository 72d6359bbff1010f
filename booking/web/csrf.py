"""A form whose page has aged: opened before signing in or out, and sent afterwards."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from booking.pages.page_forms import TOKEN, is_page_form
from booking.pages.session import entering
from booking.web.booking import aged

# What is typed anew rather than written into a page.
TYPED_ANEW = ("password", "code", "token")


def failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without a valid CSRF token, and let its sender send it again.

    Signing in and out changes the token, so a page from before no longer sends what its reader
    filled in. Where the browser says that the form stands on this site, it is shown again with a
    button and a new token, without passwords; a form of another site is only refused. A code that
    another tab has given meanwhile is not asked again: its page leads on. So does the last page of
    a booking (booking/web/booking/aged.py).
    """
    is_ours = _comes_from_here(request)
    if is_ours and (onward := entering.proved_elsewhere(request)):
        return redirect(onward)
    if is_ours and is_page_form(request) and (answer := aged.lead_on(request)) is not None:
        return answer
    context = {
        "fields": _fields(request) if is_ours else None,
        "is_ours": is_ours,
        "path": request.get_full_path(),
    }
    return render(request, "403_csrf.html", context, status=403)


def _comes_from_here(request: HttpRequest) -> bool:
    """Whether the browser says so, in headers that a page of another site cannot set."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    return (origin.scheme, origin.netloc) == (request.scheme, request.get_host())


def _fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return what the form holds; None where it must be filled in anew."""
    if not is_page_form(request):
        return None
    given = [(name, value) for name, values in request.POST.lists() for value in values]
    if any(word in name for name, _value in given for word in TYPED_ANEW if name != TOKEN):
        return None
    return [(name, value) for name, value in given if name != TOKEN]
