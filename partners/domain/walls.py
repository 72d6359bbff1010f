"""Running partner requests as a PostgreSQL role that sees only the rows of its grants.

The role has no rights on most tables, and row-level security applies to the others
(partners/migrations 0004): PostgreSQL withholds rows that the application forgets to filter. The
policies use the digest of the access token, not the credential's id, which others may know.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from partners.models import AccessToken

PARTNER_ROLE = "doctolib_partner"


_SWITCH = (
    "set_config('role', %(role)s, true) AS role, set_config('doctolib.token', %(digest)s, true)"
)
_ENTER = f"SELECT {_SWITCH}"
_STAND = "SELECT current_setting('role'), coalesce(current_setting('doctolib.token', true), '')"
_LEAVE = "SELECT set_config('role', 'none', true), set_config('doctolib.token', '', true)"


@contextmanager
def behind_walls(token: AccessToken) -> Iterator[None]:
    """Run a block as the partner role, in a transaction of its own, with the token's grants.

    The application's role must be a member of the partner role (`manage.py record grant`).
    """
    goes_on = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ENTER, _who(token))
        yield
        if goes_on:
            # The role from before the block is restored; an error restores it without our help.
            _leave()


# The role changes after the agendas were read.
_ENTER_WITH_AGENDAS = f"""
    WITH entered AS MATERIALIZED (
        SELECT ARRAY(
            SELECT DISTINCT a.agenda_id FROM partners_grant g
            JOIN partners_grant_agendas a ON a.grant_id = g.id
            WHERE g.credential_id = %(credential)s AND g.revoked_at IS NULL
              AND %(scope)s = ANY(g.scopes)
        ) AS agendas, {_SWITCH}
    )
"""  # noqa: S608 - constants
# Nothing, unless the role has changed.
_GRANTED = "(SELECT agendas FROM entered WHERE role = %(role)s)"


def ask_behind_walls(
    token: AccessToken, statement: str, parameters: Mapping[str, Any], *, scope: str
) -> list[tuple[Any, ...]]:
    """Run one statement as the partner role, which the statement itself takes: no separate
    transaction has to begin and end.

    It refers to the granted agendas as `{agendas}`, and names no table, but PL/pgSQL functions that
    read them: PostgreSQL checks rights on a statement's own tables before the role has changed, and
    on those of such a function when it is called.
    """
    asked = _ENTER_WITH_AGENDAS + statement.format(agendas=_GRANTED)
    given = {**parameters, **_who(token), "credential": token.credential_id, "scope": scope}
    with connection.cursor() as cursor:
        cursor.execute(asked, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if connection.in_atomic_block:
        _leave()
    return rows


def _who(token: AccessToken) -> dict[str, str]:
    return {"role": PARTNER_ROLE, "digest": bytes(token.digest).hex()}


def _leave() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE)


@contextmanager
def above_walls() -> Iterator[None]:
    """Run a block inside `behind_walls` as the application itself, for the watch.

    An error undoes the block's writes, and the partner role is restored.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_STAND)
            role, digest = cursor.fetchone()
        _leave()
        yield
        with connection.cursor() as cursor:
            cursor.execute(_ENTER, {"role": role, "digest": digest})
