"""Monthly partitions of the record, created ahead of time."""

from datetime import date

from django.db import connection


def months_ahead(*, on: date, count: int) -> list[date]:
    """Return the first day of the month of `on` and of the `count` months that follow."""
    first = on.year * 12 + on.month - 1
    return [date((first + n) // 12, (first + n) % 12 + 1, 1) for n in range(count + 1)]


def create_partitions(*, on: date, count: int = 3) -> list[str]:
    """Create the partitions from the month of `on` on, and return the names of the new ones.

    Idempotent. Entries of a month without a partition stand in the default one, so that a
    late task never stops a reveal.
    """
    created = []
    for month in months_ahead(on=on, count=count):
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit_create_partition(%s)", [month])
            row = cursor.fetchone()
        if row and row[0]:
            created.append(row[0])
    return created
