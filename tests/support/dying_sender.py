"""A sender in a process of its own that kills itself at the step which a test names.

A step is a statement, a commit, the hand-over of a mail or of a request, and the provider's "yes"
to it. The process loads Django once and forks for each order, so that a test can go through every
step of a batch in seconds.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from datetime import timedelta

from django.utils import timezone

from doctolib.environment import PROJECT_DIR
from tests.browser.conftest import worker_environment

# The clocks of two processes may differ by a little; claims last two minutes at most.
SOON, LATER = timedelta(seconds=1), timedelta(minutes=3)


class DyingSender:
    """Sends a queue ("messages", "notices" or "webhooks") in processes that may be killed."""

    def __init__(self, queue, *, smtp_port=0, directory=None, **changed_settings):
        self._order = {"queue": queue, "settings": changed_settings}
        variables = {"DJANGO_SETTINGS_MODULE": "doctolib.settings"}
        if directory is not None:
            variables["DOCTOLIB_DATA_DIR"] = str(directory)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.dying_sender"], cwd=PROJECT_DIR, text=True,
            env=worker_environment(smtp_port) | variables,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._process.stdin.close()
        assert self._process.wait(30) == 0
        self._process.stdout.close()

    def send(self, *, kill_at=None, batches=1, later=SOON):
        """Send some batches as if it were `later`; say whether the process was killed at a step."""
        order = self._order | {
            "kill_at": kill_at, "batches": batches, "later_s": later.total_seconds()
        }  # fmt: skip
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        assert ended in (-signal.SIGKILL, 0), "the sender failed"
        return ended != 0


def killed_at_every_step(sender, *, owe, is_open, check, batches=1):
    """Kill a sender at its first step, its second one and so on; return at how many it was.

    Each time `owe` makes anew what is owed, others go on once the claims have lapsed until nothing
    `is_open`, and `check` looks at what has arrived.
    """
    for step in itertools.count(1):
        owe(step)
        was_killed = sender.send(kill_at=step, batches=batches)
        until = time.monotonic() + 30
        while is_open():
            assert time.monotonic() < until, f"killed at step {step}, and something is still open"
            sender.send(later=LATER)
        check(step)
        if not was_killed:
            return step - 1


class Steps:
    """Counts the steps of a process, and kills it at one of them."""

    def __init__(self, kill_at):
        self._kill_at, self._count, self._lock = kill_at, 0, threading.Lock()

    def step(self):
        with self._lock:
            self._count += 1
            if self._count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                # Nothing more is done while the signal is on its way.
                time.sleep(60)

    def before(self, function):
        def stepped(*args, **kwargs):
            self.step()
            return function(*args, **kwargs)

        return stepped

    def around(self, function):
        def stepped(*args, **kwargs):
            self.step()
            result = function(*args, **kwargs)
            self.step()
            return result

        return stepped


def _senders():
    """What sends each queue; loaded with all that it needs, once, before any process forks."""
    from django.urls import get_resolver

    from audit.incidents import notices
    from booking.outbox import sending
    from partners.domain import webhooks

    get_resolver()._populate()
    return {
        "messages": sending.send_owed, "notices": notices.send_due, "webhooks": webhooks.send_due
    }  # fmt: skip


def _carry_out(order, send):
    import smtplib

    import urllib3
    from django.conf import settings
    from django.db import connection

    for name, value in order["settings"].items():
        setattr(settings, name, value)
    steps = Steps(order["kill_at"])
    connection.ensure_connection()
    smtplib.SMTP.data = steps.around(smtplib.SMTP.data)
    urllib3.HTTPSConnectionPool.urlopen = steps.around(urllib3.HTTPSConnectionPool.urlopen)
    connection._commit = steps.before(connection._commit)
    later = timedelta(seconds=order["later_s"])
    with connection.execute_wrapper(lambda execute, *how: steps.before(execute)(*how)):
        for _batch in range(order["batches"]):
            send(now=timezone.now() + later)


def _serve():
    import django

    django.setup()
    senders = _senders()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            ended = 1
            try:
                order = json.loads(line)
                _carry_out(order, senders[order["queue"]])
                ended = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(ended)
        _pid, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
