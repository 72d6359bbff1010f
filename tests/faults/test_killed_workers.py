"""A killed web worker is replaced while the others answer."""

import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import psutil
import pytest

from doctolib.environment import PROJECT_DIR
from doctolib.management.commands.serve import commands_of
from doctolib.servers import free_port
from doctolib.supervisor import RESTARTS_AT_MOST, GaveUp, Supervisor
from tests.browser.conftest import wait_for_port, worker_environment

pytestmark = pytest.mark.django_db
# Two cores may be at work for other tests meanwhile.
PATIENCE_S = 90


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/robots.txt", timeout=10) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as refused:
        # The process of events serves its own paths alone.
        return refused.code == 404
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def workers_on(port):
    """The granian workers of the server that was started on a port."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "granian" in line and str(port) in line:
            children = [each for each in process.children() if each.status() != "zombie"]
            if children:
                return [each for each in children if "resource_tracker" not in str(each.cmdline())]
    return []


def listens(process):
    """Whether a worker has finished starting: one that is told to stop before that may hang."""
    return any(each.status == psutil.CONN_LISTEN for each in process.net_connections())


def wait_until(holds, words):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(words)


def kill_one_after_another(port, *, times):
    for _time in range(times):
        wait_until(lambda: workers_on(port), "no worker")
        workers_on(port)[0].send_signal(signal.SIGKILL)
        wait_until(lambda: answers(port) and answers(port), "nothing answers after the kill")


@pytest.fixture
def supervised():
    """The web server and the server of events, as `make run` starts and watches them."""
    port, live_port = free_port(), free_port()
    commands = commands_of(port, live_port)
    web = {name: commands[name] for name in ("The web server", "The server of events")}
    supervisor = Supervisor(web, variables=worker_environment(0), say=lambda words: None)
    supervisor.start()
    ended = threading.Event()

    def watch():
        while not ended.is_set():
            supervisor.watch_once()
            ended.wait(0.2)

    watching = threading.Thread(target=watch)
    watching.start()
    for each in (port, live_port):
        wait_for_port(each, PATIENCE_S)
    yield port, live_port
    ended.set()
    watching.join()
    supervisor.stop()


def test_the_demo_survives_killed_workers(supervised):
    port, live_port = supervised
    # At once after the first, so that granian takes it for a crash loop and ends as a whole.
    kill_one_after_another(port, times=3)
    kill_one_after_another(live_port, times=2)


def documented_commands():
    text = (PROJECT_DIR / "docs/operations.md").read_text()
    return re.findall(r"^granian .*$", text, re.MULTILINE)


@pytest.mark.parametrize("number", [0, 1])
def test_the_documented_command_survives_a_killed_worker(number):
    command = shlex.split(documented_commands()[number].replace(" N ", " 2 "))[1:]
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), *command],
        env=worker_environment(0), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_port(port, PATIENCE_S)
        wait_until(lambda: len(workers_on(port)) == 2, "two workers")
        first = {each.pid for each in workers_on(port)}
        workers_on(port)[0].send_signal(signal.SIGKILL)
        wait_until(
            lambda: [each for each in workers_on(port) if each.pid not in first and listens(each)],
            "no new worker",
        )
        assert process.poll() is None
        wait_until(lambda: answers(port) and answers(port), "nothing answers after the kill")
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def test_a_process_that_ends_again_and_again_is_given_up():
    said = []
    supervisor = Supervisor(
        {"The worker": [sys.executable, "-c", "raise SystemExit(3)"]},
        variables=worker_environment(0), say=said.append,
    )  # fmt: skip
    supervisor.start()
    with pytest.raises(GaveUp, match="The worker stops again and again"):
        while True:
            supervisor.watch_once()
            time.sleep(0.02)
    assert len(said) == RESTARTS_AT_MOST
