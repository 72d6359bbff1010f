"""The process that seals: the only one whose PostgreSQL role is allowed to.

It runs apart from web and worker, as a role of its own (privileges.py), so that an attacker who
takes over those can neither write to the tree nor stop it from growing.
"""

import logging
from threading import Event

from django.db import DatabaseError, connection
from django.utils import timezone

from audit.record import health, seal, witness
from audit.record.notes import NoteBroken

logger = logging.getLogger(__name__)
SEAL_EVERY_S, WITNESS_EVERY = 10.0, 6


def run(*, stop: Event, every_s: float = SEAL_EVERY_S) -> None:
    """Seal every ten seconds and ask the witnesses every minute, until told to stop.

    Errors are logged, and the step is tried again: the database may only be unavailable for a
    while.
    """
    turn = 0
    while not stop.is_set():
        try:
            seal_once(asks_witnesses=turn % WITNESS_EVERY == 0)
        except (DatabaseError, OSError, NoteBroken):
            logger.exception("the record was not sealed")
            connection.close()
        turn += 1
        stop.wait(every_s)
    connection.close()


def seal_once(*, asks_witnesses: bool) -> None:
    """Seal new entries, then log every problem that prevents the record from being sealed."""
    seal.seal_entries(now=timezone.now())
    if asks_witnesses:
        witness.hand_out(now=timezone.now())
    for problem in health.problems(now=timezone.now()):
        logger.error("the record: %s", problem.value)
