"""Browsers in which an account has signed in before: they count their failures for themselves.

A cookie names the browser by a random word and holds, for each account that signed in there, a
code that this site alone makes. It signs nobody in. Another password makes every browser unknown
again but the one that chose it.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django_cryptography.core import signing

from audit.derived_key import derived_key
from booking.models import Account

KEPT = timedelta(days=400)
# Somebody else's computer may serve many; those who signed in last are kept.
MOST_ACCOUNTS = 20
SALT = "known-browser"
CODE_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser by its random name, with the codes of the accounts that signed in there."""

    name: str
    codes: tuple[str, ...]

    def knows(self, account: Account | None) -> bool:
        """Whether the account has signed in here, with the password that it has now."""
        wanted = _code(self.name, account)
        # Each is compared, so that the time says nothing of an address that has no account.
        return sum(hmac.compare_digest(code, wanted) for code in self.codes) > 0


def read(text: str) -> Browser:
    """Read the cookie; a browser without one, or with one that is not ours, is a new one."""
    try:
        name, *codes = signing.loads(text, salt=SALT, max_age=KEPT)
        return Browser(name=str(name), codes=tuple(map(str, codes)))
    except (signing.BadSignature, ValueError, TypeError):
        return Browser(name=secrets.token_urlsafe(16), codes=())


def line(browser: Browser, account: Account | None) -> str:
    """The name under which the account's failures in this browser count; "" if it is unknown."""
    return browser.name if browser.knows(account) else ""


def remember(browser: Browser, account: Account) -> str:
    """The cookie of a browser in which the account has just signed in."""
    code = _code(browser.name, account)
    others = [kept for kept in browser.codes if kept != code]
    return str(signing.dumps([browser.name, *[code, *others][:MOST_ACCOUNTS]], salt=SALT))


def _code(name: str, account: Account | None) -> str:
    key = derived_key(settings.SECRET_KEY, b"known browsers")
    whose = f"{account.pk}|{account.password}" if account else "nobody"
    return hmac.digest(key, f"{name}|{whose}".encode(), "sha256")[:CODE_BYTES].hex()
