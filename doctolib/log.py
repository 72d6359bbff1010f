"""What the log says, and how: one line of JSON for each event; of a refused request its route."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

# What a link of a mail or of a calendar is called in routes.
SECRETS = {"token", "secret"}
_OF_EVERY_RECORD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class OneLine(logging.Formatter):
    """Writes each event as one line of JSON, for whatever collects the log.

    Its instant is in UTC, the ids that it names are fields of their own, and what begins no line
    elsewhere begins none here: JSON escapes it.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _OF_EVERY_RECORD and isinstance(value, str | int | float):
                said[name] = value
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said)


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
            _name_sender(record)
        return True


def _name_route(record: logging.LogRecord) -> None:
    """Put the route, "rejoindre/<str:token>/", in the place of a path that has a token."""
    request: Any = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    if match is not None and SECRETS & set(match.kwargs) and isinstance(record.args, tuple):
        record.args = tuple(f"/{match.route}" if a == request.path else a for a in record.args)


def _name_sender(record: logging.LogRecord) -> None:
    """Say which account was refused, if it is known already, and from which network."""
    from audit.client_address import client_address
    from audit.watch.sighting import network_of

    request: Any = getattr(record, "request", None)
    if request is None or not hasattr(request, "META"):
        return
    record.network = network_of(client_address(request))
    # Asking for it now might ask a database that is away.
    account = getattr(request, "_cached_user", None)
    if account is not None and account.pk:
        record.account_id = str(account.pk)
