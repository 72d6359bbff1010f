"""Identifiers that leave the server: UUIDv7, ordered by time for the database, not countable."""

import uuid

from uuid_utils import compat


def new_id() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562)."""
    return compat.uuid7()


def read_id(text: str) -> uuid.UUID | None:
    """Read an identifier that somebody sent; None for anything else."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
