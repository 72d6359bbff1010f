"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from doctolib.celery import app as celery_app
from tests.shared_data import SHARED

collect_ignore = [] if SHARED.exists() else ["practitioners/test_national_scenarios.py"]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def _own_redis_database(worker_number: int) -> Iterator[None]:
    """Each xdist worker has its own Redis databases, as it has its own PostgreSQL database."""
    from django.conf import settings

    url = os.environ["REDIS_URL"].split("?")[0]
    own = f"{url}?db={worker_number * 2}" if url.startswith("unix") else url
    settings.CACHES["default"]["LOCATION"] = own
    celery_app.conf.broker_url = own.replace("unix://", "redis+socket://").replace(
        "db=", "virtual_host="
    )
    redis.Redis.from_url(own).flushdb()
    yield


@pytest.fixture(scope="session")
def worker_number() -> int:
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(autouse=True)
def _fast_passwords(settings: object) -> None:
    """Argon2 with small parameters: the same code, without its seconds."""
    settings.PASSWORD_HASHERS = ["tests.factories.FastArgon2"]  # type: ignore[attr-defined]


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning, 10:00 in Paris."""
    return NOW


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the tests on shared data ran."""
    found = "ran" if SHARED.exists() else "NOT RUN, no such folder"
    terminalreporter.write_line(f"tests on shared data ({SHARED}): {found}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI a skipped test is a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
