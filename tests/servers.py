"""Starts the test servers before Django's settings are read: never the demo's own.

Loaded by pytest as an early plugin. The xdist workers inherit the addresses.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psycopg

from doctolib.catalogues import compile_stale
from doctolib.servers import ensure_servers, free_port
from tests.clock import set_clock


def _spare_the_disk(url: str) -> None:
    """Nobody needs the tests' own database after a power cut: it waits for no disk."""
    with psycopg.connect(url, autocommit=True) as admin:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")


compile_stale()
set_clock()
os.environ["DOCTOLIB_MODE"] = "test"
os.environ["DOCTOLIB_BASE_URL"] = "http://localhost:8000"
if "DOCTOLIB_TEST_DIR" not in os.environ:
    directory = Path(tempfile.mkdtemp(prefix="doctolib-test-"))
    os.environ["DOCTOLIB_TEST_DIR"] = str(directory)
    os.environ["DOCTOLIB_DATA_DIR"] = str(directory)
    for url, override in (("DATABASE_URL", "TEST_DATABASE_URL"), ("REDIS_URL", "TEST_REDIS_URL")):
        if override in os.environ:
            os.environ[url] = os.environ[override]
        else:
            os.environ.pop(url, None)
    # Registered before the servers are, so that it runs after they have stopped.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    ensure_servers(directory)
    if "TEST_DATABASE_URL" not in os.environ:
        _spare_the_disk(os.environ["DATABASE_URL"])

# Each xdist worker has a Redis database of its own, as pytest-django gives it one of PostgreSQL.
# Said here, before anything has read the settings and opened a connection.
worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={worker}"

# Each worker's server of events, where a test starts one (tests/browser/conftest.py).
os.environ["DOCTOLIB_LIVE_PORT"] = str(free_port())
