import select
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import TIMESTAMPTZ_OID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import Format

from doctolib.postgresql.base import InstantLoader

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Iterator[BaseDatabaseWrapper]:
    """A second connection, as the web server keeps one between requests."""
    other = connection.copy()
    other.ensure_connection()
    yield other
    other.close()


def _backend(kept: BaseDatabaseWrapper) -> int:
    return int(kept.connection.info.backend_pid)


def test_a_quiet_connection_is_usable_without_asking(kept: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        latest = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        with kept.cursor() as own:
            own.execute("SELECT 'the last one'")
        assert kept.is_usable()
        cursor.execute(latest, [_backend(kept)])
        assert cursor.fetchone() == ("SELECT 'the last one'",)


def test_a_connection_that_the_server_ended_is_not(kept: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [_backend(kept)])
    assert not kept.is_usable()


def test_a_request_after_a_restart_of_the_server_is_served(kept: BaseDatabaseWrapper) -> None:
    before = _backend(kept)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    kept.health_check_enabled, kept.health_check_done = True, False
    with kept.cursor() as own:
        own.execute("SELECT 1")
        assert own.fetchone() == (1,)
    assert _backend(kept) != before


def test_what_the_server_says_unasked_is_no_reason_to_reconnect(kept: BaseDatabaseWrapper) -> None:
    before = _backend(kept)
    with kept.cursor() as own:
        own.execute("LISTEN news")
    with psycopg.connect(kept.connection.info.dsn, autocommit=True) as another:
        another.execute("NOTIFY news")
    look = select.poll()
    look.register(kept.connection.fileno(), select.POLLIN)
    assert look.poll(5000), "the news arrives"
    assert kept.is_usable()
    assert _backend(kept) == before


def test_a_closed_connection_is_not_usable(kept: BaseDatabaseWrapper) -> None:
    kept.connection.close()
    assert not kept.is_usable()


@given(at=st.datetimes(timezones=st.just(UTC)))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_instant_comes_back_as_it_went(kept: BaseDatabaseWrapper, at: datetime) -> None:
    with kept.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz]", [at, at])
        assert cursor.fetchone() == (at, [at])


def test_an_instant_is_read_without_djangos_regular_expression(kept: BaseDatabaseWrapper) -> None:
    with kept.cursor() as cursor:
        cursor.execute("SELECT '2026-03-29 02:30:00.5+02'::timestamptz")
        [found] = cursor.fetchone()
        assert cursor.adapters.get_loader(TIMESTAMPTZ_OID, Format.TEXT) is InstantLoader
    assert found == datetime(2026, 3, 29, 0, 30, 0, 500000, UTC)
    assert found.tzinfo is UTC


def test_a_connection_in_another_time_zone_keeps_djangos_loader(kept: BaseDatabaseWrapper) -> None:
    kept.settings_dict = kept.settings_dict | {"TIME_ZONE": "Europe/Paris"}
    for name in ("timezone", "timezone_name"):
        kept.__dict__.pop(name, None)
    kept.close()
    with kept.cursor() as cursor:
        cursor.execute("SELECT '2026-07-01 10:00:00+00'::timestamptz")
        [found] = cursor.fetchone()
    assert found.isoformat() == "2026-07-01T12:00:00+02:00"
