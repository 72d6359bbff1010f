"""Kinds of messages: each theme registers its own, with its letter and where that leads.

A kind that nobody registered cannot be sent: `kind_of` raises UnregisteredKind, and a test over
all of `MessageKind` fails (tests/booking/outbox/test_kinds.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from booking.models import Message, Patient
from booking.models.message import MessageKind
from booking.outbox.letters import Letter
from booking.outbox.quiet_hours import when_to_text, zone_where
from practitioners.models import Practice


class UnregisteredKind(LookupError):
    """No theme has registered this kind of message."""


class Compose(Protocol):
    """Makes the text of a message; what it reveals is on the record.

    Raises `letters.NothingToSay` where the message has become pointless.
    """

    def __call__(self, message: Message, *, now: datetime) -> Letter: ...


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a text is of use to a patient: until an instant, and by day where its reader is."""

    patient: Patient
    practice: Practice
    until: datetime
    may_be_earlier: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How messages of a kind are made.

    `leads_to` names the addresses of this site that its letter may link to. `related` is what
    the letter reads, for `select_related`. `window` says when a text of the kind is of use; a
    kind without it leaves at any hour.
    """

    compose: Compose
    leads_to: tuple[str, ...]
    related: tuple[str, ...] = ()
    window: Callable[[Message], Window] | None = None


_KINDS: dict[MessageKind, Kind] = {}


def register(*kinds: MessageKind, kind: Kind) -> None:
    """Say how messages of these kinds are made; once for each, when the apps are loaded."""
    for each in kinds:
        if each in _KINDS:
            raise ValueError(f"registered already: {each}")
        _KINDS[each] = kind


def kind_of(message: Message) -> Kind:
    """Return how a message is made. Raises UnregisteredKind."""
    try:
        return _KINDS[MessageKind(message.kind)]
    except (KeyError, ValueError):
        raise UnregisteredKind(message.kind) from None


def related() -> tuple[str, ...]:
    """Everything that some letter reads of its message, for `select_related`."""
    return tuple(sorted({name for kind in _KINDS.values() for name in kind.related}))


def compose(message: Message, *, now: datetime) -> Letter:
    """Make the text of a message in its reader's language; the reveal is on the record.

    Raises NothingToSay and UnregisteredKind.
    """
    return kind_of(message).compose(message, now=now)


def window_of(message: Message) -> Window | None:
    """When a text is of use; None for a kind that leaves at any hour."""
    window = kind_of(message).window
    return window(message) if window else None


def text_at(message: Message, *, now: datetime, zone_told: str | None = None) -> datetime | None:
    """When a text may leave (`quiet_hours.when_to_text`); None when it would tell of the past.

    `zone_told`: the time zone of the number itself, where it has been opened; else what was noted
    of it.
    """
    window = window_of(message)
    if window is None:
        return now
    if zone_told is None:
        zone_told = window.patient.phone_zone
    return when_to_text(
        wished_at=message.due_at,
        zone=zone_where(told=zone_told, practice_zone=window.practice.zone),
        now=now,
        useful_until=window.until,
        may_be_earlier=window.may_be_earlier,
    )
