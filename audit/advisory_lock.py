"""Letting those who do the same thing queue, though there is no row that they could lock."""

from django.db import connection


def wait_for(name: str) -> None:
    """Take the lock of this name when it is free; it ends with the transaction.

    PostgreSQL's advisory locks go by a number: names that share one wait for each other, no more.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
