"""The database backend. Django looks for `DatabaseWrapper` in a module of this name."""

import select
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from psycopg.abc import Buffer
from psycopg.adapt import Loader


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


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend, with cheaper ways to do two things that every request does."""

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
