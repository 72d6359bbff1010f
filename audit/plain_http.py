"""Calls to services that the settings name: they go where they were told, and nowhere else."""

from http.client import HTTPMessage
from typing import IO, Any
from urllib.request import HTTPRedirectHandler, Request, build_opener


class _NoRedirects(HTTPRedirectHandler):
    """Leaves a redirect as the error that it is here.

    Python's own follows it, with the headers of the first request: the key of the service would go
    along to wherever its answer says.
    """

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


_opener = build_opener(_NoRedirects)


def open_url(request: Request, *, timeout: float) -> Any:
    """Send a request and return its answer. Raises as `urllib.request.urlopen` does, and HTTPError
    for a redirect.
    """
    return _opener.open(request, timeout=timeout)
