"""One table of rows that must leave, and all that is done with it."""

import logging
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar, cast

from django.db import connection, models, transaction
from django.db.models import Q, QuerySet

from audit.fixed_query import insert_rows
from audit.outbox.outcomes import Left, NotTaken, NotYet, Outcome, Unsure, Void
from audit.outbox.policies import BackOff, NeverTwice, Policy
from audit.wake import wake

logger = logging.getLogger(__name__)

# Stand for the values of a claim in its statement, which is written once.
_NOW, _UNTIL = datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)
_KEY, _LIMIT = uuid.UUID(int=0), -1


class Queued(Protocol):
    """The columns that a queue reads and writes; whatever else a row has is its own affair."""

    @property
    def pk(self) -> uuid.UUID: ...
    @property
    def state(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def claimed_until(self) -> datetime | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def problem(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


Row = TypeVar("Row", bound=Queued)


@dataclass(frozen=True)
class Claim(Generic[Row]):
    """A row that one sender may send until an instant, which tells its claim from later ones."""

    row: Row
    until: datetime | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Queue(Generic[Row]):
    """A table's rows on their way out.

    `waiting`, `left`, `void` and `given_up` are the table's own states, and `left_at` its column
    for the instant. `may_leave` are the rows that nothing holds back now. `task` sends the rows,
    and is woken when rows are queued that are due; None where that task itself queues them.
    """

    model: type[Row]
    waiting: str
    left: str
    void: str
    given_up: str
    policy: Policy
    back_off: BackOff[Row]
    claim_lasts: timedelta
    batch: int
    task: str | None
    wake_after_s: float = 0.0
    left_at: str = "sent_at"
    may_leave: Q = field(default_factory=Q)

    def add(self, rows: Sequence[Row]) -> None:
        """Queue rows in the caller's transaction; a worker is woken when it commits."""
        insert_rows(cast("Sequence[models.Model]", rows))
        self._wake_for(rows)

    def add_missing(self, rows: Sequence[Row]) -> None:
        """As `add`; a row that is there already, by a unique constraint, stays as it is."""
        self._all().bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        self._wake_for(rows)

    def _wake_for(self, rows: Sequence[Row]) -> None:
        if any(row.state == self.waiting and row.due_at <= row.created_at for row in rows):
            transaction.on_commit(self.wake, robust=True)

    def wake(self) -> None:
        """Ask a worker to send now."""
        if self.task is not None:
            wake(self.task, after_s=self.wake_after_s)

    def due(self, *, now: datetime) -> QuerySet[Any]:
        """What may be claimed now."""
        rows = self._all().filter(self.may_leave, _free(now), state=self.waiting, due_at__lte=now)
        return self.policy.in_turn(rows, waiting=self.waiting)

    def lapsed(self, *, now: datetime) -> QuerySet[Any]:
        """Claimed rows whose sender has died, or is late."""
        return self._all().filter(self.policy.lapsed(now=now), state=self._claimed_state)

    def claim(
        self, *, now: datetime, limit: int | None = None, related: Sequence[str] = ()
    ) -> list[Claim[Row]]:
        """Claim what is due, a batch at most, oldest first; what others are claiming is left out.

        Nothing may leave before the claim is committed. A policy may ask that no transaction is
        open here (RuntimeError); then the claim is committed when this returns.
        """
        return self._claimed(self._claim_any, now=now, limit=limit or self.batch, related=related)

    def claim_one(
        self, pk: uuid.UUID, *, now: datetime, related: Sequence[str] = ()
    ) -> Claim[Row] | None:
        """Claim one row, as `claim`; None if it is not due, or another sender has it."""
        claims = self._claimed(self._claim_by_key, now=now, pk=pk, limit=1, related=related)
        return claims[0] if claims else None

    def _claimed(
        self,
        written: tuple[str, list[Any]],
        *,
        now: datetime,
        limit: int,
        related: Sequence[str],
        pk: uuid.UUID | None = None,
    ) -> list[Claim[Row]]:
        if self.policy.commits_first:
            _refuse_in_transaction()
        statement, parameters = written
        until = now + self.claim_lasts
        given = {_NOW: now, _KEY: pk, _UNTIL: until, _LIMIT: limit}
        with connection.cursor() as cursor:
            cursor.execute(statement, [given.get(each, each) for each in parameters])
            pks = [pk for (pk,) in cursor.fetchall()]
        if not pks:
            return []
        rows = self._all().filter(pk__in=pks).order_by("due_at", "pk")
        if related:
            rows = rows.select_related(*related)
        return [Claim(row, until) for row in rows]

    @cached_property
    def _claim_any(self) -> tuple[str, list[Any]]:
        return self._written(Q())

    @cached_property
    def _claim_by_key(self) -> tuple[str, list[Any]]:
        return self._written(Q(pk=_KEY))

    def _written(self, among: Q) -> tuple[str, list[Any]]:
        """Write the statement that locks and marks what is due, with stand-ins as parameters.

        One statement, so that a claim needs no transaction around it; written once, since building
        it costs more than PostgreSQL needs to answer.
        """
        due = self.due(now=_NOW).filter(among).order_by("due_at", "pk").values("pk")
        found, parameters = due.query.get_compiler(connection=connection).as_sql()
        marks: dict[str, Any] = {
            "state": str(self._claimed_state), "claimed_until": _UNTIL,
            **self.policy.noted_with_claim(now=_NOW),
        }  # fmt: skip
        columns = ", ".join(f'"{name}" = %s' for name in marks)
        table, key = due.model._meta.db_table, due.model._meta.pk.column
        statement = (
            f'WITH found ("key") AS ('  # noqa: S608
            f'{found} LIMIT %s FOR NO KEY UPDATE OF "{table}" SKIP LOCKED)'
            f' UPDATE "{table}" SET {columns} FROM found WHERE "{table}"."{key}" = found."key"'
            f' RETURNING "{table}"."{key}"'
        )
        return statement, [*parameters, _LIMIT, *marks.values()]

    def note(self, claim: Claim[Row], outcome: Outcome, *, now: datetime) -> bool:
        """Note what became of a claimed row, and end the claim. False, and nothing, if it has
        ended already: another sender has the row, or somebody decided meanwhile.

        That it has left is noted whatever its state has become; all else only of a row that is
        still claimed.
        """
        mine = self._of(claim)
        if not isinstance(outcome, Left):
            mine = mine.filter(state=self._claimed_state)
        return bool(mine.update(claimed_until=None, **self._noted(claim.row, outcome, now=now)))

    def _noted(self, row: Row, outcome: Outcome, *, now: datetime) -> dict[str, Any]:
        attempts = row.attempts + 1
        match outcome:
            case Left(problem):
                return {
                    "state": self.left, self.left_at: now, "attempts": attempts,
                    "problem": problem[:200],
                }  # fmt: skip
            case NotTaken(problem):
                due_at, is_given_up = self.back_off.after(row, attempts=attempts, now=now)
                return {
                    "state": self.given_up if is_given_up else self.waiting, "attempts": attempts,
                    "due_at": due_at, "problem": problem[:200],
                }  # fmt: skip
            case NotYet(until):
                return {"state": self.waiting, "due_at": until}
            case Void(problem):
                return {"state": self.void, "problem": problem[:200]}
            case Unsure(problem):
                assert isinstance(self.policy, NeverTwice)  # noqa: S101 - no other one asks
                return {"state": self.policy.unsure, "problem": problem[:200]}

    def run(self, send_one: Callable[[uuid.UUID, datetime], bool], *, now: datetime) -> int:
        """Have `send_one` claim and send what is due, one after the other; return how many left.

        It is given a primary key and the instant. A slow provider makes a batch last, so each row
        has its own; a row that cannot be sent holds up no other one.
        """
        due = self.due(now=now).order_by("due_at", "pk")
        pks = list(due.values_list("pk", flat=True)[: self.batch])
        started, left = monotonic(), 0
        for pk in pks:
            at = now + timedelta(seconds=monotonic() - started)
            try:
                left += send_one(pk, at)
            except Exception as error:
                self._log_error(pk)
                self._note_error(pk, error, now=at)
        return left

    def run_together(
        self,
        send: Callable[[Row], Outcome],
        *,
        now: datetime,
        at_once: int,
        related: Sequence[str] = (),
    ) -> list[tuple[Row, Outcome | None]]:
        """Claim a batch and send it, some at once; return the rows, each with what became of it.

        `send` runs in threads and touches no database. A row that cannot be sent holds up no other
        one.
        """
        started = monotonic()
        claims = self.claim(now=now, related=related)
        with ThreadPoolExecutor(at_once) as pool:
            outcomes = list(pool.map(lambda claim: self._tried(send, claim.row), claims))
        for claim, outcome in zip(claims, outcomes, strict=True):
            if outcome is None:
                continue
            try:
                self.note(claim, outcome, now=now + timedelta(seconds=monotonic() - started))
            except Exception:
                # Its claim lapses.
                self._log_error(claim.row.pk)
        return [(claim.row, outcome) for claim, outcome in zip(claims, outcomes, strict=True)]

    def _tried(self, send: Callable[[Row], Outcome], row: Row) -> Outcome | None:
        try:
            return send(row)
        except Exception as error:
            self._log_error(row.pk)
            return self.policy.after_error(error)

    def settle_lapsed(
        self, ask: Callable[[Row], Outcome], *, now: datetime, related: Sequence[str] = ()
    ) -> None:
        """Ask what became of rows whose sender has died, a batch at most, and note it.

        A row about which asking fails is asked about again when a new claim would have lapsed.
        """
        lapsed = self.lapsed(now=now).order_by("claimed_until", "pk")
        if related:
            lapsed = lapsed.select_related(*related)
        for row in lapsed[: self.batch]:
            claim = Claim[Row](row, row.claimed_until)
            try:
                self.note(claim, ask(row), now=now)
            except Exception:
                self._log_error(row.pk)
                self._of(claim).update(claimed_until=now + self.claim_lasts)

    def _note_error(self, pk: uuid.UUID, error: Exception, *, now: datetime) -> None:
        """Note an error of an attempt that began `now`: its claim may have been rolled back."""
        outcome = self.policy.after_error(error)
        if outcome is None:
            return
        own = Q(claimed_until=now + self.claim_lasts) | _free(now)
        row = self._all().filter(own, pk=pk, state=self._claimed_state).first()
        if row is not None:
            self.note(Claim(row, row.claimed_until), outcome, now=now)

    def _log_error(self, pk: uuid.UUID) -> None:
        logger.exception(
            "a row could not be sent", extra={"table": self._all().model.__name__, "row": str(pk)}
        )

    def _of(self, claim: Claim[Row]) -> QuerySet[Any]:
        own = self.policy.of_claim(claim.row)
        return self._all().filter(pk=claim.row.pk, claimed_until=claim.until, **own)

    def _all(self) -> QuerySet[Any]:
        return cast("type[models.Model]", self.model)._default_manager.all()

    @property
    def _claimed_state(self) -> str:
        return self.policy.claimed_state(self.waiting)


def _refuse_in_transaction() -> None:
    """Raise RuntimeError where a transaction is open that may still be rolled back."""
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("This claim must be committed by itself.")


def _free(now: datetime) -> Q:
    """Rows that nobody has claimed, or whose claim has lapsed."""
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
