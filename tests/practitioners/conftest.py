"""The real communes, loaded once for the tests that look places up."""

from collections.abc import Iterator

import pytest
from django.db import connection

from practitioners.domain import reference_data


@pytest.fixture(scope="module")
def real_communes(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[None]:
    """Every commune, for a module's tests; afterwards the table is as empty as it was."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        reference_data.load_communes()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE practitioners_commune")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("TRUNCATE practitioners_commune CASCADE")
