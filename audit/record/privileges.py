"""What the application's role may do in PostgreSQL: everything but rewrite the record."""

from django.db import connection, transaction
from psycopg import sql

APPEND_ONLY = (
    "audit_entry",
    "audit_leaf",
    "audit_subtree",
    "audit_checkpoint",
    "audit_cosignature",
)
APPLICATION_ROLE = "doctolib_app"
_inner_roles: list[str] = []


def register_inner_role(role: str) -> None:
    """Called by an app that runs some requests as a narrower role, which its migration makes.

    The application's role may become it, and is itself not held by row-level security.
    """
    _inner_roles.append(role)


class NoSuchRole(Exception):
    """PostgreSQL knows no role of this name."""


@transaction.atomic
def grant_application_role(role: str) -> None:
    """Give a role what the application needs; run by the owner of the tables, after migrations.

    On the record's tables it may read and insert, and nothing else; the partitions below them it
    does not reach at all. Idempotent. Raises NoSuchRole.
    """
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        if not _is_known(role):
            raise NoSuchRole(f"PostgreSQL knows no role {role!r}.")
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'audit_entry'::regclass"
        )
        partitions = [row[0] for row in cursor.fetchall()]
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "GRANT EXECUTE ON FUNCTION audit_create_partition(date) TO {}",
        ):
            cursor.execute(sql.SQL(statement).format(name))
        for inner in _inner_roles:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(inner), name))
            cursor.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(name))
        for table in APPEND_ONLY:
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(
                    sql.Identifier(table), name
                )
            )
        for partition in partitions:
            cursor.execute(
                sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(partition), name)
            )


def make_application_role() -> None:
    """Make the role that the application logs in as where there is none, and grant it its rights.

    For development: run by a superuser of a server that trusts whoever reaches it.
    """
    if not _is_known(APPLICATION_ROLE):
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                    sql.Identifier(APPLICATION_ROLE)
                )
            )
    grant_application_role(APPLICATION_ROLE)


def _is_known(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None
