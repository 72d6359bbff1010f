"""PostgreSQL's own wall around a partner request: another role, and rows of its grants alone.

The role has no right on most tables, and row-level security on the others (partners/migrations
0004): what the application forgets to filter, PostgreSQL does not give. The wall is keyed to the
digest of the access token and not to the credential's id, which others may know.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from partners.models import AccessToken

PARTNER_ROLE = "doctolib_partner"


@contextmanager
def behind_walls(token: AccessToken) -> Iterator[None]:
    """Run a block as the partner role, in a transaction of its own, with the token's grants.

    The application's role must be a member of the partner role (`manage.py record grant`).
    """
    goes_on = connection.in_atomic_block
    with transaction.atomic():
        _become(PARTNER_ROLE, bytes(token.digest).hex())
        yield
        if goes_on:
            # What surrounds the block is who it was; an error takes it back without our help.
            _become("none", "")


def _become(role: str, digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('doctolib.token', %s, true)",
            [role, digest],
        )
