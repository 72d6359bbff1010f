"""Whether a reader goes to a page, or a script of a page asks for something."""

from django.http import HttpRequest


def is_script(request: HttpRequest) -> bool:
    """Whether a page's script asks, and no reader who goes to another page.

    Told by the mode of the request (Fetch Metadata), and not by its destination: where a service
    worker passes a page on, as ours does, Chromium says "empty" of a page as well (seen in 156).
    A browser that says nothing is taken to go there itself.
    """
    is_htmx = "HX-Request" in request.headers
    return is_htmx or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
