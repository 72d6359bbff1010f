"""What the log says of a request that was refused."""

import logging
from typing import Any

# What a link of a mail or of a calendar is called in routes.
SECRETS = {"token", "secret"}


class RefusedInOneLine(logging.Filter):
    """Takes the traceback off a refusal: an answer below 500 is no fault of ours.

    Django logs the exception that it answers with 400 or 403, with all that led to it. And it logs
    the path, which of a link in a mail is the secret itself: the route stands there instead.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        is_of_request = record.name == "django.request" or record.name.startswith("django.security")
        if is_of_request and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        if is_of_request:
            _name_route(record)
        return True


def _name_route(record: logging.LogRecord) -> None:
    """Put the route, "rejoindre/<str:token>/", in the place of a path that has a token."""
    request: Any = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    if match is not None and SECRETS & set(match.kwargs) and isinstance(record.args, tuple):
        record.args = tuple(f"/{match.route}" if a == request.path else a for a in record.args)
