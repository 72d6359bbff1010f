"""The rights of each PostgreSQL role on the record: the application adds entries, the sealer seals.

There are two roles, so that an attacker with the application's role can neither rewrite the record
nor write to its tree, nor hold a lock that prevents sealing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from psycopg import sql

APPEND_ONLY = (
    "audit_entry",
    "audit_leaf",
    "audit_subtree",
    "audit_checkpoint",
    "audit_cosignature",
)
# The tables that only the sealer writes.
OF_THE_SEALER = ("audit_leaf", "audit_subtree", "audit_checkpoint", "audit_cosignature")
SEALER_ROW = "audit_sealer"
# PostgreSQL fills it in.
NOT_GIVEN = "xid"
APPLICATION_ROLE, SEALER_ROLE = "doctolib_app", "doctolib_sealer"
_inner_roles: list[str] = []


def register_inner_role(role: str) -> None:
    """Register a narrower role for some requests, which an app's migration creates.

    The application's role may become it, and is itself exempt from row-level security.
    """
    _inner_roles.append(role)


def inner_roles() -> list[str]:
    """The narrower roles; whichever role may become one of them is the application's."""
    return list(_inner_roles)


class NoSuchRole(Exception):
    """PostgreSQL has no role of this name."""


@transaction.atomic
def grant_application_role(role: str) -> None:
    """Give a role what the application needs; run by the owner of the tables, after migrations.

    Of the record's tables it may read all, and add entries without saying in which transaction; the
    partitions below them it does not reach at all. Idempotent. Raises NoSuchRole.
    """
    _require(role)
    partitions = [
        row[0]
        for row in asked(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'audit_entry'::regclass"
        )
    ]
    _grant(
        role,
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "GRANT EXECUTE ON FUNCTION audit_create_partition(date) TO {}",
    )
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        for inner in _inner_roles:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(inner), name))
            cursor.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(name))
        for table in (*APPEND_ONLY, SEALER_ROW):
            cursor.execute(
                sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(
                    sql.Identifier(table), name
                )
            )
        for partition in partitions:
            cursor.execute(
                sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(partition), name)
            )
        cursor.execute(
            sql.SQL("GRANT INSERT ({}) ON audit_entry TO {}").format(
                sql.SQL(", ").join(map(sql.Identifier, _given_columns())), name
            )
        )


@transaction.atomic
def grant_sealer_role(role: str) -> None:
    """Give a role the rights to seal, and no access to personal data; run by the tables' owner.

    It reads the record, adds to the tree, and changes the one row that it locks. Idempotent. Raises
    NoSuchRole.
    """
    _require(role)
    record = ", ".join((*APPEND_ONLY, SEALER_ROW))
    _grant(
        role,
        "GRANT USAGE ON SCHEMA public TO {}",
        f"GRANT SELECT ON {record} TO {{}}",
        f"GRANT INSERT ON {', '.join(OF_THE_SEALER)} TO {{}}",
        f"GRANT UPDATE ON {SEALER_ROW} TO {{}}",
    )


def make_development_roles() -> None:
    """Make the roles that the demo's processes log in as where there are none, with their rights.

    For development: run by a superuser of a server that trusts every connection.
    """
    for role in (APPLICATION_ROLE, SEALER_ROLE):
        if not _is_known(role):
            _grant(role, "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
    grant_application_role(APPLICATION_ROLE)
    grant_sealer_role(SEALER_ROLE)


def _given_columns() -> list[str]:
    return [
        row[0]
        for row in asked(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_entry'::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attname <> %s ORDER BY attnum",
            [NOT_GIVEN],
        )
    ]


def _grant(role: str, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(role)))  # type: ignore[arg-type]


def _require(role: str) -> None:
    if not _is_known(role):
        raise NoSuchRole(f"PostgreSQL knows no role {role!r}.")


def _is_known(role: str) -> bool:
    return bool(asked("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]))


def asked(
    statement: str, parameters: Sequence[str] | Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Return what PostgreSQL answers to a question about its own catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
