"""Sessions, in PostgreSQL alone, under a digest of the cookie's value.

A copy of the database holds no value that could be put into a cookie, and what a session says is
sealed under a key that the cookie carries (audit/vault/carried.py): it opens for its browser alone,
and cannot be written, changed or moved to another session by somebody without the application's
secret. Nothing of a session is in Redis: what is written there signs nobody in, and a session that
was ended does not come back from there.

A plain SHA-256 is enough to hide the value. It has 32 random letters and digits, 165 bits: nobody
tries them all, and a table of digests cannot be made beforehand. Of the digest 160 bits are kept.
"""

import base64
import binascii
import hashlib
import logging
from typing import Any, cast

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from audit.fixed_query import FixedQuery
from audit.vault import carried
from booking.accounts.sessions import device_bound
from booking.models import DeviceKey

DIGEST_DIGITS = 40
USE = b"session"
logger = logging.getLogger(__name__)
# Asked on each page of somebody who has a session, with the key of the device that it is bound to.
_OPEN = FixedQuery(
    [Session, DeviceKey],
    "FROM {0} LEFT JOIN {1} ON {1}.session_digest = {0}.session_key"
    " WHERE {0}.session_key = %s AND {0}.expire_date > %s",
)


def digest_of(session_key: str | None) -> str:
    """The name under which a session is stored and spoken of; empty without a session."""
    if not session_key:
        return ""
    return hashlib.sha256(session_key.encode(errors="replace")).hexdigest()[:DIGEST_DIGITS]


def session_digest(request: HttpRequest) -> str:
    """The stored name of a request's session; empty where none has begun."""
    return digest_of(request.session.session_key)


def end_session(digest: str) -> None:
    """End a session by its stored name, whose cookie only its browser has."""
    Session.objects.filter(session_key=digest).delete()
    DeviceKey.objects.filter(session_digest=digest).delete()


class SessionStore(SessionBase):
    """A session whose `session_key` is the cookie's value, and whose row is named by its digest."""

    _device_key: DeviceKey | None = None
    # Whether it was ended by this request, and not found ended.
    was_ended = False

    def load(self) -> dict[str, Any]:
        found = _OPEN.first(digest_of(self.session_key), timezone.now())
        if found is None:
            self._session_key = None
            return {}
        self._device_key = found[1]
        return self.decode(found[0].session_data)

    def device_key(self) -> DeviceKey | None:
        """The key to which the session is bound, as it was loaded (device_bound.py)."""
        self._get_session()  # type: ignore[attr-defined]
        return self._device_key

    def cycle_key(self) -> None:
        """Go on under a new cookie, bound to the same device; the former cookie opens nothing."""
        content, former = self._get_session(), self.session_key  # type: ignore[attr-defined]
        self.create()
        self._session_cache = content
        if former is None:
            return
        self._device_key = device_bound.go_along(
            digest_of(former), session_digest=digest_of(self.session_key)
        )
        self.delete(former)

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=digest_of(session_key)).exists()

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                # At once, so that the row is there and its name nobody else's.
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        row = Session(
            session_key=digest_of(self.session_key),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
        )
        try:
            with transaction.atomic():
                row.save(force_insert=must_create, force_update=not must_create)
        except IntegrityError as taken:
            if must_create:
                raise CreateError from taken
            raise
        except DatabaseError as gone:
            if must_create:
                raise
            raise UpdateError from gone

    def delete(self, session_key: str | None = None) -> None:
        if session_key in (None, self.session_key):
            self._device_key = None
            self.was_ended = True
        end_session(digest_of(session_key or self.session_key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        text = JSONSerializer().dumps(session_dict)
        sealed = carried.put_under(text, carried=self.session_key or "", use=USE)
        return base64.b64encode(sealed).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            sealed = base64.b64decode(session_data, validate=True)
        except (binascii.Error, ValueError):
            sealed = b""
        text = carried.take_from_under(sealed, carried=self.session_key or "", use=USE)
        if text is None:
            logger.warning("a session that does not open")
            return {}
        return cast("dict[str, Any]", JSONSerializer().loads(text))

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
