"""Who is asked before anything opens: a guard for each channel on which readings are watched.

The apps that know what a channel's readings are for register its guard (their ready()). Its answer
is a value: open, ask, stop or wait. `audit.vault.reveal` asks and raises; nothing else does either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from audit.record.entries import Actor, Channel


class Answer(StrEnum):
    """What becomes of a reading."""

    OPEN = "open"
    # A person must first say again who they are.
    ASK = "ask"
    # The holder is stopped, perhaps just now.
    STOP = "stop"
    # No further person's data for now.
    WAIT = "wait"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A guard's answer to one reading, before it happens.

    `noted`: what the entry says besides, of what opens. `limit` and `seconds`: how many people's
    data may be read, and when another's may, of what waits. `carry_out`: asks or stops the holder,
    which is done already; where the transaction was rolled back as a whole, `make_sure` does again
    what is not done any more.
    """

    answer: Answer
    noted: Mapping[str, object] = field(default_factory=dict)
    limit: int = 0
    seconds: int = 0
    carry_out: Callable[[], object] | None = None

    def make_sure(self) -> None:
        """Ask or stop the holder, unless that stands; outside of all transactions."""
        if self.carry_out is not None:
            self.carry_out()


def opens(**noted: object) -> Decision:
    """Let a reading happen; `noted` is what its entry says besides."""
    return Decision(answer=Answer.OPEN, noted=noted)


class NotOpened(Exception):
    """A reading was refused, and nothing was opened; `decision` says how it goes on.

    What it means for its holder is done by then, and must be committed: an answer, not an error.
    """

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.answer.value)
        self.decision = decision


class NoGuard(Exception):
    """A reading on a guarded channel that no guard can judge: a fault of the code."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is about to be read together, and why.

    `pairs`: the rows with the names of what is read of them. `details`: what the entry will say
    anyway. `at`: when, if not now. `about`: what a channel's guard has to know besides, which the
    guard itself demands.
    """

    actor: Actor
    pairs: Sequence[tuple[Any, str]]
    purpose: str
    details: Mapping[str, object]
    at: datetime | None
    about: object = None


class Guard(Protocol):
    """Counts and judges a reading. An error that it raises keeps it from happening as well."""

    def __call__(self, reading: Reading, /) -> Decision: ...


# Where others' data is read: nothing opens there without its guard's leave.
GUARDED = frozenset({Channel.API, Channel.DASHBOARD, Channel.ADMIN})
# The others, with what bounds them instead.
UNGUARDED = {
    Channel.WEB: "an account reads its own people's data",
    Channel.LINK: "the link of a mail leads to what it is about",
    Channel.TASK: "the platform itself, for messages that it owes",
    Channel.SHELL: "operators, whose shell opens the keys as well",
}

_guards: dict[Channel, Guard] = {}


def register_guard(channel: Channel, guard: Guard) -> None:
    """Let every reading on a channel be judged before it happens; called once, by an app."""
    if channel in _guards:
        raise NoGuard(f"{channel} has its guard already")
    _guards[channel] = guard


def without_guard() -> list[Channel]:
    """The guarded channels for which no app has registered a guard: on these nothing opens."""
    return sorted(GUARDED - _guards.keys())


def decide(reading: Reading) -> Decision:
    """Ask the guard of a reading's channel. Raises NoGuard, and what the guard raises."""
    channel = reading.actor.channel
    guard = _guards.get(channel)
    if guard is not None:
        return guard(reading)
    if channel not in UNGUARDED:
        raise NoGuard(f"nothing opens on {channel}, which has no guard")
    return opens()
