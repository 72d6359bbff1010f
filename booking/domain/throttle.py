"""Slowing down guesses and floods of mail: counters in Redis, by address and by network.

An address is counted under its blind index, so that Redis holds nothing to guess it from.
"""

import uuid

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from audit.vault.blind_index import blind_index, normalise_email

WINDOW_S = 15 * 60
FAILURES_AN_ACCOUNT = 10
FAILURES_A_NETWORK = 100
# Mails that visitors of one network ask for: many people may share one.
MAILS_A_NETWORK = 100
DAY_S = 24 * 60 * 60
# A code has six digits: so few tries a day find one in a century.
WRONG_CODES_A_DAY = 20

# A counter: its key, how much is allowed, and in how many seconds.
Counter = tuple[str, int, int]


class TooManyTries(Exception):
    """Too many failures; the person may try again after WINDOW_S at the latest."""

    text = _("Trop d’essais. Réessayez dans un quart d’heure.")


class TooManyCodes(TooManyTries):
    """Too many wrong codes for one address; the link still works."""

    text = _("Trop de codes faux pour cette adresse. Ouvrez plutôt le lien du message.")


def _network(network: str) -> Counter:
    return f"tries:network:{network}", FAILURES_A_NETWORK, WINDOW_S


def _address(email: str) -> Counter:
    digest = (blind_index("throttle.email", normalise_email(email)) or b"").hex()
    return f"tries:account:{digest}", FAILURES_AN_ACCOUNT, WINDOW_S


def _password(account_id: uuid.UUID) -> Counter:
    return f"tries:password:{account_id}", FAILURES_AN_ACCOUNT, WINDOW_S


def _code(index: bytes) -> Counter:
    return f"tries:code:{index.hex()}", WRONG_CODES_A_DAY, DAY_S


def _mails(network: str) -> Counter:
    return f"mails:network:{network}", MAILS_A_NETWORK, WINDOW_S


def _is_spent(counter: Counter) -> bool:
    key, most, _seconds = counter
    return int(cache.get(key, 0)) >= most


def _count(*counters: Counter) -> None:
    for key, _most, seconds in counters:
        cache.add(key, 0, seconds)
        cache.incr(key)


def check(*, email: str, network: str) -> None:
    """Raise TooManyTries when this account or network has failed too often lately."""
    if _is_spent(_address(email)) or _is_spent(_network(network)):
        raise TooManyTries


def note_failure(*, email: str, network: str) -> None:
    """Count one failure to sign in."""
    _count(_address(email), _network(network))


def check_password(*, account_id: uuid.UUID, network: str) -> None:
    """Raise TooManyTries when a signed-in account has given a wrong password too often lately."""
    if _is_spent(_password(account_id)) or _is_spent(_network(network)):
        raise TooManyTries


def note_wrong_password(*, account_id: uuid.UUID, network: str) -> None:
    """Count one wrong password of a signed-in account."""
    _count(_password(account_id), _network(network))


def check_code(*, index: bytes, network: str) -> None:
    """Raise TooManyTries when too many codes were wrong, for an address or from a network.

    `index` is the address's blind index.
    """
    if _is_spent(_network(network)):
        raise TooManyTries
    if _is_spent(_code(index)):
        raise TooManyCodes


def note_wrong_code(*, index: bytes, network: str) -> None:
    """Count one wrong code."""
    _count(_code(index), _network(network))


def take_mail(*, network: str) -> None:
    """Count one mail that a visitor asks for. Raises TooManyTries."""
    if _is_spent(_mails(network)):
        raise TooManyTries
    _count(_mails(network))
