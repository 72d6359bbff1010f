"""The suite's current time, said once: every process of a run starts at it and the clock runs on.

The tests' own process, the workers of pytest, Celery, the servers that a test starts and the pages
of its browser all take it from here, so that no test sees the day, the hour or the time zone of
its run. `python -m tests.clocks` runs what computes from today under other clocks.
"""

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path

import time_machine

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""A Tuesday morning, 10:00 in Paris."""

START = "TEST_CLOCK"
OFFSET = "TEST_CLOCK_OFFSET_S"
_STARTED = Path(__file__).parent / "started"


def set_clock() -> None:
    """Start this process's clock, and those of all that it starts, at TEST_CLOCK or at NOW."""
    if OFFSET not in os.environ:
        start = datetime.fromisoformat(os.environ.get(START) or NOW.isoformat())
        os.environ[OFFSET] = str(start.timestamp() - time.time())
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([str(_STARTED), *([before] if before else [])])
    shift_clock()


def shift_clock() -> None:
    """Shift this process's clock as its run's first process said, unless it is shifted already."""
    if OFFSET in os.environ and not time_machine.escape_hatch.is_travelling():
        time_machine.travel(time.time() + offset_s(), tick=True).start()


def offset_s() -> float:
    """Return by how many seconds the suite's clock is ahead of the machine's."""
    return float(os.environ.get(OFFSET, "0"))


def today() -> date:
    """Return the suite's current day in Paris."""
    from django.utils import timezone

    return timezone.localdate()
