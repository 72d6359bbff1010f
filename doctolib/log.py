"""What the log says of a request that was refused."""

import logging


class RefusedInOneLine(logging.Filter):
    """Takes the traceback off a refusal: an answer below 500 is no fault of ours.

    Django logs the exception that it answers with 400 or 403, with all that led to it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        is_of_request = record.name == "django.request" or record.name.startswith("django.security")
        if is_of_request and getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
