"""What a queue promises when a sender dies, and how long it tries: small values, one a queue."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from audit.outbox.outcomes import NotTaken, Outcome


class Policy(Protocol):
    """What differs between queues once a row is claimed."""

    @property
    def commits_first(self) -> bool:
        """Whether a claim must be committed by itself, before anything else is done."""

    def claimed_state(self, waiting: str) -> str:
        """The state of a claimed row. In the state `waiting` a lapsed claim is taken again."""

    def noted_with_claim(self, *, now: datetime) -> dict[str, datetime]:
        """What else a claim notes in its row."""

    def in_turn(self, rows: "QuerySet[Any]", *, waiting: str) -> "QuerySet[Any]":
        """Those of the rows that wait for no other one."""

    def lapsed(self, *, now: datetime) -> Q:
        """Claims whose sender has died, or is late."""

    def of_claim(self, row: Any) -> dict[str, Any]:
        """What tells a claim from another one of the same row, beside its end."""

    def after_error(self, error: Exception) -> Outcome | None:
        """What is noted when sending ends in an unexpected way; None leaves the claim to lapse."""


@dataclass(frozen=True)
class AtLeastOnce:
    """Each row leaves: a claim that has lapsed is taken again.

    What was on its way when its sender died may leave twice, under the same id.
    """

    commits_first = False

    def claimed_state(self, waiting: str) -> str:
        """A claimed row waits, too."""
        return waiting

    def noted_with_claim(self, *, now: datetime) -> dict[str, datetime]:
        """The claim alone."""
        return {}

    def in_turn(self, rows: "QuerySet[Any]", *, waiting: str) -> "QuerySet[Any]":
        """All of them."""
        return rows

    def lapsed(self, *, now: datetime) -> Q:
        """Claims that have ended."""
        return Q(claimed_until__lt=now)

    def of_claim(self, row: Any) -> dict[str, Any]:
        """Its end alone."""
        return {}

    def after_error(self, error: Exception) -> Outcome | None:
        """It counts as an attempt."""
        return NotTaken(type(error).__name__)


@dataclass(frozen=True)
class InOrder(AtLeastOnce):
    """As AtLeastOnce; of rows that have the columns `of` in common, one at a time leaves.

    The oldest by primary key comes first, and the next one waits until it has left or is given up.
    """

    of: tuple[str, ...]

    def in_turn(self, rows: "QuerySet[Any]", *, waiting: str) -> "QuerySet[Any]":
        """The oldest that waits of each."""
        same = {name: OuterRef(name) for name in self.of}
        earlier = rows.model._default_manager.filter(**same, pk__lt=OuterRef("pk"), state=waiting)
        return rows.filter(~Exists(earlier))


@dataclass(frozen=True, kw_only=True)
class NeverTwice:
    """No row leaves twice: it is `handed`, and that is committed, before it leaves.

    A claim that has lapsed is not taken again: `Queue.settle_lapsed` asks whether the row has left,
    and where nobody can say it becomes `unsure`. `handed_at` is the column for the claim's begin.
    """

    handed: str
    handed_at: str
    unsure: str
    commits_first = True

    def claimed_state(self, waiting: str) -> str:
        """A state of its own, which no sender claims."""
        return self.handed

    def noted_with_claim(self, *, now: datetime) -> dict[str, datetime]:
        """When it was handed over."""
        return {self.handed_at: now}

    def in_turn(self, rows: "QuerySet[Any]", *, waiting: str) -> "QuerySet[Any]":
        """All of them."""
        return rows

    def lapsed(self, *, now: datetime) -> Q:
        """Claims that have ended. An end before the beginning is that of an earlier claim."""
        return Q(claimed_until__lt=now, claimed_until__gt=F(self.handed_at))

    def of_claim(self, row: Any) -> dict[str, Any]:
        """When it was handed over."""
        return {self.handed_at: getattr(row, self.handed_at)}

    def after_error(self, error: Exception) -> Outcome | None:
        """It may have left: as if its sender had died."""
        return None


_Row = TypeVar("_Row", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class BackOff(Generic[_Row]):
    """How long to wait after the first, second, … failed attempt, and when to give up.

    Without a `deadline` a row is given up when an attempt fails after the last wait. With one, the
    last wait comes again and again, until the next attempt would come after the row's deadline.
    """

    waits: tuple[timedelta, ...]
    deadline: Callable[[_Row], datetime] | None = None

    def after(self, row: _Row, *, attempts: int, now: datetime) -> tuple[datetime, bool]:
        """When the next attempt is due after this many, and whether the row is given up instead."""
        due_at = now + self.waits[min(attempts, len(self.waits)) - 1]
        if self.deadline is None:
            return due_at, attempts > len(self.waits)
        return due_at, due_at > self.deadline(row)
