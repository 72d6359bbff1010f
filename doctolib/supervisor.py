"""Keeps the demo's processes running: one that ends unexpectedly is started again."""

import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

STOP_TIMEOUT_S = 15
# A process that ends more often than this does not get better by being started again.
RESTARTS_AT_MOST = 5
RESTART_WINDOW_S = 60.0


class GaveUp(Exception):
    """A process ends again and again."""


@dataclass(kw_only=True)
class Supervised:
    """One process, with the times (monotonic seconds) of its latest restarts."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    restarts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS_AT_MOST))


class Supervisor:
    """Starts named commands, restarts those that end, and stops them all.

    Granian replaces a killed worker by itself, but ends as a whole when the same worker is killed
    twice within 5.5 seconds; Celery's scheduler has nothing that would replace it.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        variables: Mapping[str, str],
        say: Callable[[str], object],
        own_variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`own_variables` are, by name, the variables of a process that has others."""
        self._all = [Supervised(name=name, command=command) for name, command in commands.items()]
        self._variables = variables
        self._own = own_variables or {}
        self._say = say

    def start(self) -> None:
        """Start every process."""
        for each in self._all:
            self._start(each)

    def watch_once(self) -> None:
        """Restart what has ended. Raises GaveUp when a process ends too often within a minute."""
        for each in self._all:
            if each.process is not None and (status := each.process.poll()) is not None:
                now = time.monotonic()
                is_full = len(each.restarts) == RESTARTS_AT_MOST
                if is_full and now - each.restarts[0] < RESTART_WINDOW_S:
                    raise GaveUp(f"{each.name} stops again and again (exit status {status}).")
                self._say(f"{each.name} stopped (exit status {status}); starting it again.")
                each.restarts.append(now)
                self._start(each)

    def stop(self) -> None:
        """Ask every process to end, and kill what has not ended after 15 seconds."""
        processes = [each.process for each in self._all if each.process is not None]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, each: Supervised) -> None:
        variables = dict(self._own.get(each.name, self._variables))
        each.process = subprocess.Popen(each.command, env=variables)  # noqa: S603
