"""Writing entries of the record, with their actor.

One insert per entry, no lock: sealing the entries into a tree is a later, separate step.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, models
from django.utils import timezone

from audit.fixed_query import insert_rows
from audit.ids import new_id
from audit.record import chain, content, merkle
from audit.record.actions import Action, code_to_write


class Channel(StrEnum):
    """The way by which a request came."""

    WEB = "web"
    # A link of a mail, which acts without a session: its holder need not be the account's owner.
    LINK = "link"
    DASHBOARD = "dashboard"
    ADMIN = "admin"
    API = "api"
    TASK = "task"
    SHELL = "shell"


class ActorKind(StrEnum):
    """The kind of an actor."""

    ACCOUNT = "account"
    STAFF = "staff"
    CREDENTIAL = "credential"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The network (a whole prefix), the key or kind of browser, and the token of a request.

    Of a token or a session only a digest, and never an IP address.
    """

    network: str = ""
    key: str = ""
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person, software or task that acts: for which practice, through which channel, from
    where.
    """

    kind: ActorKind
    channel: Channel
    id: uuid.UUID | None = None
    practice_id: uuid.UUID | None = None
    credential_id: uuid.UUID | None = None
    origin: Origin | None = None


def system_actor(channel: Channel = Channel.TASK) -> Actor:
    """The platform itself, for example when a task sends a reminder."""
    return Actor(kind=ActorKind.SYSTEM, channel=channel)


_outer_actor: ContextVar[Actor | None] = ContextVar("outer_actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Set the actor of a block; inside another such block the outer actor stays."""
    outer = _outer_actor.get()
    if outer is not None:
        yield outer
        return
    token = _outer_actor.set(actor)
    try:
        yield actor
    finally:
        _outer_actor.reset(token)


@contextmanager
def apart() -> Iterator[None]:
    """Leave the outer actor for a block: what is done there, the platform does of itself."""
    token = _outer_actor.set(None)
    try:
        yield
    finally:
        _outer_actor.reset(token)


_INSERT = """
    INSERT INTO audit_entry (id, at, action, actor_kind, actor_id, practice_id, credential_id,
                             channel, purpose, subjects, fields, object_id, link, details, mac)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::uuid[], %s, %s, %s, %s, %s)
"""


def write(
    action: Action,
    *,
    actor: Actor,
    subjects: Iterable[uuid.UUID] = (),
    fields: Iterable[str] = (),
    purpose: str = "",
    practice_id: uuid.UUID | None = None,
    object_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
    at: datetime | None = None,
    rows: Sequence[models.Model] = (),
    outlives_rollback: bool = False,
) -> uuid.UUID:
    """Append one entry in the caller's transaction and return its id.

    With `outlives_rollback`, for what has happened whatever becomes of that transaction (somebody
    has read something), a transaction that is rolled back is followed by the same entry, which
    then says so ("rolled_back").

    `details` holds ids, times, counts and software's networks; never an identity. Where it is
    known through which session or token the actor works, the entry says so. `rows` are
    unsaved rows that the entry is about, inserted in the same statement (audit/fixed_query.py).
    Raises actions.NotRegistered.
    Any database error propagates, so that what was to be recorded does not happen either.
    """
    entry_id = new_id()
    outer = _outer_actor.get() or actor
    said = dict(details or {})
    if outer.origin is not None and outer.origin.token:
        said.setdefault("token", outer.origin.token)
    values = (
        entry_id,
        at or timezone.now(),
        code_to_write(action),
        outer.kind.value,
        outer.id,
        practice_id or outer.practice_id,
        outer.credential_id,
        outer.channel.value,
        purpose,
        sorted(set(subjects)),
        sorted(set(fields)),
        object_id,
    )
    told = content.plain_details(said)
    _insert(values, told, rows)
    if outlives_rollback:
        _rewrite_after_rollback(values, told | {"rolled_back": True})
    return entry_id


def _insert(
    values: Sequence[Any], details: dict[str, Any], rows: Sequence[models.Model] = ()
) -> None:
    """Insert an entry, linked to the one that this connection committed before (chain.py)."""
    end = chain.current()
    linked = (*values, end.link())
    text = content.canonical((*linked, details))
    insert_rows(
        rows,
        before=_INSERT,
        parameters=(
            *linked, json.dumps(details, sort_keys=True), content.authentication_code(text)
        ),
    )  # fmt: skip
    back = end.advance(merkle.leaf_hash(text))
    connection.on_rollback(back, is_in_memory=True)  # type: ignore[attr-defined]


def _rewrite_after_rollback(values: Sequence[Any], details: dict[str, Any]) -> None:
    """Ensure that an entry is written again, even if an outer transaction is rolled back as
    well.
    """

    def rewrite() -> None:
        _insert(values, details)
        _rewrite_after_rollback(values, details)

    connection.on_rollback(rewrite)  # type: ignore[attr-defined]
