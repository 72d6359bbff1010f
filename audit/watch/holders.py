"""Who can be watched and stopped: the apps above say how, the watch knows ids alone."""

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

    `stop` and `let_in` return whether anything changed, and write the record themselves;
    `names` says what people call each; `practices` which practices each can reach now. People can
    be asked who they are before they are stopped: `ask` makes sure that they are.
    """

    stop: Callable[..., bool]
    let_in: Callable[..., bool]
    is_stopped: Callable[[uuid.UUID], bool]
    names: Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]
    practices: Callable[[Iterable[uuid.UUID]], set[uuid.UUID]]
    ask: Callable[..., None] | None = None


_kinds: dict[str, Holders] = {}


def register_holders(kind: str, holders: Holders) -> None:
    """Called once by the app that has holders of this kind, when it is ready."""
    _kinds[kind] = holders


def stop(*, kind: str, holder_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Refuse a holder from its next request on, on every process."""
    return _kinds[kind].stop(holder_id=holder_id, actor=actor, now=now)


def can_ask(kind: str) -> bool:
    """Whether holders of this kind can be asked who they are."""
    return _kinds[kind].ask is not None


def ask(
    *,
    kind: str,
    holder_id: uuid.UUID,
    actor: Actor,
    why: list[dict[str, object]],
    now: datetime,
) -> None:
    """Let a holder do nothing further until it has said who it is; `why` goes on the record."""
    do = _kinds[kind].ask
    assert do is not None  # noqa: S101 - can_ask says so
    do(holder_id=holder_id, actor=actor, why=why, now=now)


def let_in(
    *, kind: str, holder_id: uuid.UUID, actor: Actor, keys_are_safe: bool, now: datetime
) -> bool:
    """End what `stop` began. Keys that may be in wrong hands are ended with it."""
    return _kinds[kind].let_in(
        holder_id=holder_id, actor=actor, keys_are_safe=keys_are_safe, now=now
    )


def is_stopped(*, kind: str, holder_id: uuid.UUID) -> bool:
    """Whether a holder is refused now."""
    return _kinds[kind].is_stopped(holder_id)


def names(kind: str, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What people call these holders."""
    return _kinds[kind].names(ids)


def practices(kind: str, ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which practices these holders can reach."""
    return _kinds[kind].practices(ids)
