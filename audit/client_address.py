"""From where a request comes."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The network address of who asks, as the nearest trusted proxy saw it.

    Each of the settings' PROXIES appends to X-Forwarded-For; what stands left of theirs was
    written by the asker and proves nothing.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if settings.PROXIES and len(hops) >= settings.PROXIES and hops[-settings.PROXIES]:
        return hops[-settings.PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))
