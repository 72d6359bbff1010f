"""The ASGI application that serves what stays open: server-sent events, under /direct/.

Pages and the API run faster under WSGI (doctolib/wsgi.py), and are not served here: one address
fewer at which they can be reached past the proxy.
"""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doctolib.settings")
_site = get_asgi_application()
SERVED = "/direct/"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Hand events to the site; answer 404 to every other path."""
    if scope["type"] != "http" or scope["path"].startswith(SERVED):
        await _site(scope, receive, send)
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
