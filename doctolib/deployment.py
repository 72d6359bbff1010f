"""What `manage.py check` says beside Django's own warnings; of the record with `--deploy` alone."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from audit.vault import guard


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


@register(Tags.security)
def check_guards(**_arguments: Any) -> list[CheckMessage]:
    """A guarded channel without its guard opens nothing: better known at the start."""
    return [
        Error(f"No app guards what is read on the channel {channel}.", id="doctolib.E001")
        for channel in guard.without_guard()
    ]
