"""Holders: what the watch judges and stops. The apps above register how; the watch knows only
ids.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from audit.record.entries import Actor


class Kind:
    """The kinds of holders."""

    CREDENTIAL = "credential"
    ACCOUNT = "account"
    STAFF = "staff"

    PEOPLE = (ACCOUNT, STAFF)


@dataclass(frozen=True, kw_only=True)
class Holders:
    """What an app can do with the holders of one kind.

    `stop` and `let_in` return whether anything changed, and write the record themselves; `names`
    returns the names that people know them by; `practices` the practices that each can reach now. A
    person can be asked to prove their identity before they are stopped: that is `ask`.
    """

    stop: Callable[..., bool]
    let_in: Callable[..., bool]
    is_stopped: Callable[[uuid.UUID], bool]
    names: Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]
    practices: Callable[[Iterable[uuid.UUID]], set[uuid.UUID]]
    ask: Callable[..., None] | None = None


_kinds: dict[str, Holders] = {}


def register_holders(kind: str, holders: Holders) -> None:
    """Register the holders of a kind; called once by their app, when it is ready."""
    _kinds[kind] = holders


def stop(*, kind: str, holder_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Suspend a holder from its next request on, on every process."""
    return _kinds[kind].stop(holder_id=holder_id, actor=actor, now=now)


def can_ask(kind: str) -> bool:
    """Whether holders of this kind can be asked to prove their identity."""
    return _kinds[kind].ask is not None


def ask(
    *,
    kind: str,
    holder_id: uuid.UUID,
    actor: Actor,
    why: list[dict[str, object]],
    now: datetime,
) -> None:
    """Block a holder until it has proved its identity; `why` is recorded."""
    do = _kinds[kind].ask
    assert do is not None  # noqa: S101 - can_ask says so
    do(holder_id=holder_id, actor=actor, why=why, now=now)


def let_in(
    *, kind: str, holder_id: uuid.UUID, actor: Actor, keys_are_safe: bool, now: datetime
) -> bool:
    """End what `stop` began. Keys that may be in the wrong hands are revoked with it."""
    return _kinds[kind].let_in(
        holder_id=holder_id, actor=actor, keys_are_safe=keys_are_safe, now=now
    )


def is_stopped(*, kind: str, holder_id: uuid.UUID) -> bool:
    """Whether a holder is suspended now."""
    return _kinds[kind].is_stopped(holder_id)


def names(kind: str, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of these holders, as people know them."""
    return _kinds[kind].names(ids)


def practices(kind: str, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """The practices that these holders can reach."""
    return _kinds[kind].practices(ids)
