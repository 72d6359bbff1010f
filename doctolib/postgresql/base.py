"""The database backend. Django looks for `DatabaseWrapper` in a module of this name."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks the server whether a kept connection lives only when there is a sign that it may not.

    Django asks `SELECT 1` before every request. A server that restarts, or ends a session, says
    so on the connection and closes it, and an idle connection has nothing else to read: looking
    at the socket tells the same without waiting for an answer.
    """

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        look = select.poll()
        look.register(self.connection.fileno(), select.POLLIN)
        return not look.poll(0) or super().is_usable()
