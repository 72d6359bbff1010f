"""What partner software is called: the record knows credentials by id, another app their names."""

import uuid
from collections.abc import Callable, Iterable

Names = Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]
_sources: list[Names] = []


def register_names(source: Names) -> None:
    """Called once by the app that has the credentials, when it is ready."""
    _sources.append(source)


def software_names(credential_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Return the name of the software behind each credential that is still known."""
    wanted = {pk for pk in credential_ids if pk is not None}
    found: dict[uuid.UUID, str] = {}
    for source in _sources if wanted else ():
        found |= source(wanted)
    return found
