"""The database backend. Django looks for `DatabaseWrapper` in a module of this name."""

import logging
import select
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import Error
from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import Loader

logger = logging.getLogger(__name__)


class InstantLoader(Loader):
    """Reads an instant as PostgreSQL writes it in a session whose time zone is UTC.

    Django's own loader takes it apart by a regular expression, at ten times the cost, and looks
    the session up anew for every statement. Raises ValueError for what Python has no datetime for
    (infinity, years before 1 or after 9999).
    """

    # Django replaces the loader in a cursor whose connection is to show another time zone.
    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


@dataclass(frozen=True, kw_only=True)
class _Undoing:
    """What is to be done if a savepoint, or the transaction, is rolled back."""

    savepoints: frozenset[str]
    # The transaction that Django's test case rolls back behind each test is no failure.
    is_in_test: bool
    # Takes back what this process remembers: at once, the last first, and before all other work.
    is_in_memory: bool
    work: Callable[[], None]


def _without_memories(undone: list[_Undoing]) -> list[_Undoing]:
    """Take back what is remembered, and return the other work in its order."""
    for each in reversed(undone):
        if each.is_in_memory:
            each.work()
    return [each for each in undone if not each.is_in_memory]


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend, with cheaper ways to do two things that every request does.

    And with `on_rollback`, the counterpart of `on_commit`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on_rollback: list[_Undoing] = []
        self._undone: list[_Undoing] = []
        self._is_connecting = False

    def on_rollback(self, work: Callable[[], None], *, is_in_memory: bool = False) -> None:
        """Do something once what was done in this transaction has been rolled back.

        Where a savepoint alone is rolled back, it is done in the transaction around it; else in a
        transaction of its own. Outside of any transaction nothing can be rolled back. If the
        connection breaks, it waits for the next one of this thread; it is lost with the process.
        What is done in memory alone (`is_in_memory`) comes first, in the reverse order.
        """
        if self.in_atomic_block:
            block = self.atomic_blocks[0]
            self._on_rollback.append(
                _Undoing(
                    savepoints=frozenset(sid for sid in self.savepoint_ids if sid is not None),
                    is_in_test=block._from_testcase,  # type: ignore[attr-defined]
                    is_in_memory=is_in_memory,
                    work=work,
                )
            )

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        undone = [each for each in self._on_rollback if sid in each.savepoints]
        if undone:
            self._on_rollback = [each for each in self._on_rollback if sid not in each.savepoints]
            for each in _without_memories(undone):
                each.work()

    def commit(self) -> None:
        super().commit()
        self._on_rollback = []

    def rollback(self) -> None:
        super().rollback()
        self._note_undone()

    def close(self) -> None:
        self._note_undone()
        super().close()

    def connect(self) -> None:
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False
        self._work_off()

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        super().set_autocommit(autocommit, *args, **kwargs)
        if autocommit and not self._is_connecting:
            self._work_off()

    def _note_undone(self) -> None:
        work = _without_memories(self._on_rollback)
        self._undone += [each for each in work if not each.is_in_test]
        self._on_rollback = []

    def _work_off(self) -> None:
        """Do what is owed; what fails does not hide what led to it, and waits for a connection."""
        undone, self._undone = self._undone, []
        for each in undone:
            try:
                each.work()
            except Error:
                logger.exception("what was to follow a rollback could not be done")
                if self.errors_occurred:
                    self._undone.append(each)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.timezone == UTC:
            connection.adapters.register_loader("timestamptz", InstantLoader)
        return connection

    def is_usable(self) -> bool:
        """Ask the server whether a kept connection lives only when there is a sign that it may not.

        Django asks `SELECT 1` before every request. A server that restarts, or ends a session,
        says so on the connection and closes it, and an idle connection has nothing else to read:
        looking at the socket tells the same without waiting for an answer.
        """
        if self.connection is None or self.connection.closed:
            return False
        look = select.poll()
        look.register(self.connection.fileno(), select.POLLIN)
        return not look.poll(0) or super().is_usable()
