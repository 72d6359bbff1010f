"""Asks the workers for a task now, by its name: no rule imports the tasks that carry it out.

What is asked for is also in the database, and the scheduler asks for it in any case: without Redis
it is carried out later, and nothing is lost.
"""

import logging
from collections.abc import Sequence
from time import monotonic

import redis
from celery import current_app
from kombu.exceptions import OperationalError

from audit.redis_client import redis_client

logger = logging.getLogger(__name__)

AWAKE_EVERY_S = 1
NOT_ASKED = (redis.RedisError, OperationalError, OSError)
# When this process last asked for a task, by its name, in seconds of the monotonic clock: under
# load, most callers need not even ask Redis.
_asked: dict[str, float] = {}


def wake(task: str, *, after_s: float = 0.0) -> None:
    """Ask for a task in `after_s` seconds, at most once a second in all processes."""
    at = monotonic()
    if at - _asked.get(task, -AWAKE_EVERY_S) < AWAKE_EVERY_S:
        return
    _asked[task] = at
    try:
        if redis_client().set(f"doctolib:awake:{task}", b"1", nx=True, ex=AWAKE_EVERY_S):
            current_app.send_task(task, countdown=after_s)
    except NOT_ASKED:
        _say_that_it_waits(task)


def ask_for(task: str, *, arguments: Sequence[str]) -> None:
    """Ask for a task with these arguments, each time that it is called."""
    try:
        current_app.send_task(task, args=list(arguments))
    except NOT_ASKED:
        _say_that_it_waits(task)


def _say_that_it_waits(task: str) -> None:
    logger.warning("could not ask a worker for %s; the scheduler will", task)
