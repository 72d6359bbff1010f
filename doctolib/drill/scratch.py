"""A database of its own for a drill, beside the one that the settings name, dropped at the end.

What a drill does is committed like anything else, and nothing of it is anywhere near real data.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

PREFIX = "doctolib_drill"


@contextmanager
def scratch_database() -> Iterator[None]:
    """Run a block against an empty, migrated database.

    Migrating takes seconds: it is done once for each set of migrations, and copied from then on.
    The database role needs CREATEDB.
    """
    usual = connection.settings_dict["NAME"]
    template, own = _template_name(), f"{PREFIX}_{os.getpid()}"
    if not _exists(template):
        made = f"{template}_{os.getpid()}"
        _run("CREATE DATABASE {}", made)
        _use(made)
        try:
            call_command("migrate", verbosity=0)
        finally:
            _use(usual)
        if not _exists(template):
            _run("ALTER DATABASE {} RENAME TO {}", made, template)
        else:
            _run("DROP DATABASE {}", made)
    _run("CREATE DATABASE {} TEMPLATE {}", own, template)
    _use(own)
    try:
        with connection.cursor() as cursor:
            # Whatever a crash would cost here is made again in a moment.
            cursor.execute("SET synchronous_commit TO off")
        yield
    finally:
        _use(usual)
        _run("DROP DATABASE {}", own)


def _template_name() -> str:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = sorted(f"{app}.{name}" for app, name in loader.disk_migrations)
    return f"{PREFIX}_template_{hashlib.sha256(' '.join(known).encode()).hexdigest()[:12]}"


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def _run(statement: str, *names: str) -> None:
    # A database cannot be made or dropped within a transaction, and this connection has none.
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
