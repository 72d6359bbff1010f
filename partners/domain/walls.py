"""PostgreSQL's own wall around a partner request: another role, and rows of its grants alone.

The role has no right on most tables, and row-level security on the others (partners/migrations
0004): what the application forgets to filter, PostgreSQL does not give. The wall is keyed to the
digest of the access token and not to the credential's id, which others may know.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from partners.models import AccessToken

PARTNER_ROLE = "doctolib_partner"


# One statement: it is asked at every request. The role changes after the agendas were read.
_ENTER = """
    SELECT ARRAY(
        SELECT DISTINCT a.agenda_id FROM partners_grant g
        JOIN partners_grant_agendas a ON a.grant_id = g.id
        WHERE g.credential_id = %s AND g.revoked_at IS NULL AND %s = ANY(g.scopes)
    ), set_config('role', %s, true), set_config('doctolib.token', %s, true)
"""
_STAND = "SELECT current_setting('role'), coalesce(current_setting('doctolib.token', true), '')"
_RETURN = "SELECT set_config('role', %s, true), set_config('doctolib.token', %s, true)"
_LEAVE = "SELECT set_config('role', 'none', true), set_config('doctolib.token', '', true)"


@contextmanager
def behind_walls(token: AccessToken, *, scope: str = "") -> Iterator[list[uuid.UUID]]:
    """Run a block as the partner role, in a transaction of its own, with the token's grants.

    Yields the ids of the agendas that are granted with the scope. The application's role must be
    a member of the partner role (`manage.py record grant`).
    """
    goes_on = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            digest = bytes(token.digest).hex()
            cursor.execute(_ENTER, [token.credential_id, scope, PARTNER_ROLE, digest])
            agenda_ids = cursor.fetchone()[0]
        yield agenda_ids
        if goes_on:
            # What surrounds the block is who it was; an error takes it back without our help.
            with connection.cursor() as cursor:
                cursor.execute(_LEAVE)


@contextmanager
def above_walls() -> Iterator[None]:
    """Run a block inside `behind_walls` as the application itself: what watches the partner.

    An error takes what the block wrote back, and the walls with it are as they were.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_STAND)
            role, token = cursor.fetchone()
            cursor.execute(_LEAVE)
        yield
        with connection.cursor() as cursor:
            cursor.execute(_RETURN, [role, token])
