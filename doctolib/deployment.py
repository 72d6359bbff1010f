"""What `manage.py check --deploy` warns of beside Django's own warnings."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_witnesses(**_arguments: Any) -> list[CheckMessage]:
    """A record that nobody else has seen can be set back with every file beside it."""
    if settings.RECORD_WITNESSES:
        return []
    return [
        Warning(
            "No witness cosigns the record.",
            hint="Set DOCTOLIB_WITNESSES: docs/operations.md says how to find or run one.",
            id="doctolib.W001",
        )
    ]
