"""Fixtures that every test may use."""

import fcntl
import gc
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from django.test import TransactionTestCase
from django.utils import translation
from whitenoise.middleware import WhiteNoiseMiddleware

from audit.redis_client import redis_client
from doctolib.collector import collect_seldom
from tests.clock import NOW
from tests.emptied import empty_database
from tests.shared_data import SHARED

# What these assert is told like what a test asserts.
pytest.register_assert_rewrite("tests.support", "tests.factories")

collect_ignore = (
    []
    if SHARED.exists()
    else ["practitioners/scheduling/test_national_scenarios.py", "partners/test_real_calendars.py"]
)


# Of the tests that commit, these take longest.
LONG = (
    "tests/walks/", "tests/faults/", "tests/audit/test_rotation.py",
    "tests/audit/test_leak_search.py", "tests/browser/test_story", "tests/browser/test_video.py",
    "tests/doctolib/test_drill.py", "tests/doctolib/test_worked_examples.py",
)  # fmt: skip


def _commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    names = set(getattr(item, "fixturenames", ()))
    return bool(
        (marker is not None and marker.kwargs.get("transaction"))
        or names & {"transactional_db", "live_server"}
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin long tests first among those that commit, so that no worker is left with one alone.

    The others stay before them, where pytest-django has put them.
    """
    first = next((n for n, each in enumerate(items) if _commits(each)), len(items))
    items[first:] = sorted(items[first:], key=lambda each: not each.nodeid.startswith(LONG))


@pytest.fixture(autouse=True, scope="session")
def _quick_beginnings_and_ends() -> Iterator[None]:
    """Find the static files once, not for each client, and empty only the tables with rows."""
    files: dict[str, object] = {}
    find = WhiteNoiseMiddleware.add_files_from_finders

    def add_files(middleware: WhiteNoiseMiddleware) -> None:
        if not files:
            find(middleware)
            files.update(middleware.files)
        middleware.files.update(files)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_files)
        patched.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty_database())
        yield


@pytest.fixture(autouse=True)
def _empty_redis() -> None:
    """What one test counted, kept or noted in Redis is not the next one's."""
    redis_client().flushdb()


@pytest.fixture(autouse=True)
def _fast_passwords(settings: object) -> None:
    """Argon2 with small parameters: the same code, without its seconds."""
    settings.PASSWORD_HASHERS = ["tests.factories.FastArgon2"]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _in_french() -> None:
    """The language that one test's pages were read in is not the next one's."""
    translation.activate("fr")


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning, 10:00 in Paris."""
    return NOW


@pytest.fixture
def at_now(now: datetime) -> Iterator[None]:
    """The clock starts at `now` and runs on."""
    with time_machine.travel(now, tick=True):
        yield


@pytest.fixture
def frozen(time_machine: time_machine.TimeMachineFixture, now: datetime) -> None:
    """The clock stands at `now`, until a test moves it."""
    time_machine.move_to(now, tick=False)


@pytest.fixture
def alone_with_roles() -> Iterator[None]:
    """Roles belong to the whole server: one worker at a time makes, grants and drops them."""
    with Path(os.environ["DOCTOLIB_TEST_DIR"], "roles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_collection_finish() -> None:
    """Collect garbage as seldom as the server does."""
    gc.collect()
    collect_seldom()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the tests on shared data ran."""
    found = "ran" if SHARED.exists() else "NOT RUN, no such folder"
    terminalreporter.write_line(f"tests on shared data ({SHARED}): {found}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI a skipped test is a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
