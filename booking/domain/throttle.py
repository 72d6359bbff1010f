"""Slowing down who guesses passwords: counters in Redis, by address and by network.

An address is counted under its blind index, so that Redis holds nothing to guess it from.
"""

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from audit.vault.blind_index import blind_index, normalise_email

WINDOW_S = 15 * 60
FAILURES_AN_ACCOUNT = 10
FAILURES_A_NETWORK = 100


class TooManyTries(Exception):
    """Too many failures; the person may try again after WINDOW_S at the latest."""

    text = _("Trop d’essais. Réessayez dans un quart d’heure.")


def _keys(email: str, network: str) -> list[tuple[str, int]]:
    digest = (blind_index("throttle.email", normalise_email(email)) or b"").hex()
    return [
        (f"tries:account:{digest}", FAILURES_AN_ACCOUNT),
        (f"tries:network:{network}", FAILURES_A_NETWORK),
    ]


def check(*, email: str, network: str) -> None:
    """Raise TooManyTries when this account or network has failed too often lately."""
    for key, most in _keys(email, network):
        if int(cache.get(key, 0)) >= most:
            raise TooManyTries


def note_failure(*, email: str, network: str) -> None:
    """Count one failure."""
    for key, _most in _keys(email, network):
        cache.add(key, 0, WINDOW_S)
        cache.incr(key)
