"""Which accounts were erased lately, for browsers that still hold a page of one.

Nothing of an erased account names it any more. A browser has the mark of the account that was
signed in last (drafts.mark_of), and by that mark alone it learns that the account is gone, for as
long as its session could have lasted. Where the cache is away, it is asked to sign in as any other.
"""

import uuid
from functools import partial

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from booking.accounts.drafts import mark_of


def note(account_id: uuid.UUID) -> None:
    """Remember, once the transaction is committed, that an account is erased."""
    name = _name(mark_of(account_id))
    transaction.on_commit(partial(cache.set, name, 1, settings.SESSION_COOKIE_AGE), robust=True)


def is_erased(mark: str) -> bool:
    """Whether the account that left this mark in a browser was erased."""
    try:
        return bool(mark) and cache.get(_name(mark)) is not None
    except redis.RedisError:
        return False


def _name(mark: str) -> str:
    # A cookie may hold anything: a name of the cache has neither blanks nor any length.
    return f"erased:{mark}" if len(mark) == 64 and mark.isalnum() and mark.isascii() else "erased:"
