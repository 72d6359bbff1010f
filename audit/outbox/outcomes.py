"""What became of a row that was claimed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Left:
    """The provider has taken it. `problem` says what was unusual about that."""

    problem: str = ""


@dataclass(frozen=True)
class NotTaken:
    """The provider has not taken it: it is tried again after a while, and given up in the end."""

    problem: str


@dataclass(frozen=True)
class NotYet:
    """It has its time later; this was no attempt."""

    until: datetime


@dataclass(frozen=True)
class Void:
    """It has become pointless."""

    problem: str = ""


@dataclass(frozen=True)
class Unsure:
    """Nobody can say whether it has left: a person decides."""

    problem: str


Outcome = Left | NotTaken | NotYet | Void | Unsure
