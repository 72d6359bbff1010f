"""Sessions that are bound to a key of their device: Device Bound Session Credentials (W3C).

https://w3c.github.io/webappsec-dbsc/ says the protocol. A browser that knows it makes a key in its
device when somebody signs in, and registers the public half. From then on the session's cookie
opens nothing by itself: a pass goes along, a second cookie that lasts ten minutes, and the device's
key signs a challenge for each new one. Cookies that were copied open nothing once the pass is over,
and nobody else's key takes the place of the one that was registered.
"""

import base64
import hmac
import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from joserfc.jwk import ECKey, RSAKey, import_key

from audit.derived_key import derived_key
from audit.named_key import MALFORMED, claims_of, header_of
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel, Origin
from booking import actions
from booking.models import Account, DeviceKey, SignIn

# How long a pass lasts. Chromium asks for the next one two minutes before its end.
PASS_LASTS = timedelta(minutes=10)
# A request that left while the pass was good, or before its browser had one, may take so long.
UNDER_WAY = timedelta(seconds=20)
# How long after signing in a browser may register its key.
OFFER_LASTS = timedelta(minutes=5)
# A challenge that was given with a pass serves for the next one, and not to be signed in advance.
CHALLENGE_LASTS = timedelta(minutes=12)
# Asked again at once, a browser is given the same challenge: it may have two requests under way.
SAME_CHALLENGE = timedelta(minutes=1)
NOTED_EVERY = timedelta(hours=1)
LONGEST_PROOF = 4096
TYPE = "dbsc+jwt"
# By the key, and never by what a proof says of itself.
ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}
LEAST_RSA_BITS = 2048
MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}


class NotProved(Exception):
    """A proof does not hold; the text says why, for programs.

    `is_foreign`: somebody else's key signed it, or somebody registers where none was offered.
    """

    def __init__(self, text: str, *, is_foreign: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.is_foreign = is_foreign


class AskedAgain(Exception):
    """The device is to sign this challenge: it has signed none, or one that is over."""

    def __init__(self, challenge: str) -> None:
        super().__init__(challenge)
        self.challenge = challenge


class Over(Exception):
    """The session has ended, or the browser has another one by now: its key serves no more."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a browser signed: its words, and the public key that it names, if any."""

    text: str
    public_key: str


def offer(session_digest: str, *, now: datetime) -> str:
    """The challenge with which a session's browser registers a key, within five minutes.

    It is good once: a session that is bound is bound for good.
    """
    at = f"{now.timestamp():.0f}"
    return f"{at}.{_code('offer', session_digest, at)}"


def _is_offer(challenge: str, *, session_digest: str, now: datetime) -> bool:
    at, _point, code = challenge.partition(".")
    if not _is_same(_code("offer", session_digest, at), code):
        return False
    return 0 <= now.timestamp() - float(at) + 1 <= OFFER_LASTS.total_seconds()


def register(
    *, proof: str, account: Account, session_digest: str, url: str, now: datetime
) -> DeviceKey:
    """Bind a session to the key that signed the challenge of its offer. Raises NotProved.

    `url` is the address to which the proof was sent.
    """
    read = _read(proof)
    if not read.public_key:
        raise NotProved("jwk is missing")
    challenge = _signed(read, by=read.public_key, url=url)
    if not _is_offer(challenge, session_digest=session_digest, now=now):
        raise NotProved("jti is no challenge of this session", is_foreign=True)
    row = DeviceKey(
        account=account, session_digest=session_digest, public_key=read.public_key,
        challenge=_new_challenge(), challenged_at=now, registered_at=now,
    )  # fmt: skip
    row.stamp = _stamp(row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as bound:
        raise NotProved("the session has its key", is_foreign=True) from bound
    return row


def find(name: str) -> DeviceKey:
    """The key that a browser names, of a session that lives. Raises Over."""
    try:
        pk = uuid.UUID(name)
    except ValueError as nobodys:
        raise Over from nobodys
    row = DeviceKey.objects.select_related("account").filter(pk=pk).first()
    if row is None or not is_genuine(row):
        raise Over
    return row


def renew(row: DeviceKey, *, proof: str, session_digest: str, url: str, now: datetime) -> DeviceKey:
    """Check that the device still has its key, and give the row its next challenge.

    `session_digest` is of the session's cookie that came along; empty without one. Raises Over,
    AskedAgain and NotProved.
    """
    lives = Session.objects.filter(session_key=row.session_digest, expire_date__gt=now).exists()
    if not lives or session_digest not in ("", row.session_digest):
        raise Over
    if not proof:
        raise AskedAgain(_challenge(row, now=now))
    challenge = _signed(_read(proof), by=row.public_key, url=url)
    is_late = now - row.challenged_at > CHALLENGE_LASTS
    if is_late or not _is_same(challenge, row.challenge):
        raise AskedAgain(_challenge(row, now=now))
    following = _new_challenge()
    used = DeviceKey.objects.filter(pk=row.pk, challenge=challenge)
    if not used.update(challenge=following, challenged_at=now):
        row.refresh_from_db()
        raise AskedAgain(_challenge(row, now=now))
    row.challenge, row.challenged_at = following, now
    return row


def _challenge(row: DeviceKey, *, now: datetime) -> str:
    """What the device is to sign: the challenge that it was given just now, or a new one."""
    if now - row.challenged_at > SAME_CHALLENGE:
        row.challenge, row.challenged_at = _new_challenge(), now
        row.save(update_fields=["challenge", "challenged_at"])
    return row.challenge


def _new_challenge() -> str:
    return secrets.token_urlsafe(32)


def make_pass(row: DeviceKey, *, now: datetime) -> str:
    """The value of the cookie that goes along with the session's for ten minutes."""
    until = f"{(now + PASS_LASTS).timestamp():.0f}"
    return f"{row.pk}.{until}.{_code('pass', row.pk, until)}"


def is_open(row: DeviceKey, shown: str, *, now: datetime) -> bool:
    """Whether a session that is bound opens with the pass that came along; "" if none did."""
    if not is_genuine(row):
        return False
    if now - row.registered_at <= UNDER_WAY:
        return True
    until = _end_of_pass(row, shown)
    return until is not None and now.timestamp() <= until + UNDER_WAY.total_seconds()


def left_of_pass(row: DeviceKey, shown: str, *, now: datetime) -> float:
    """For how many seconds more a session that is bound is open with a pass; 0 without a good one.

    What stays open for long is opened again then, with the next pass.
    """
    return max((_end_of_pass(row, shown) or 0) - now.timestamp(), 0)


def _end_of_pass(row: DeviceKey, shown: str) -> float | None:
    """When a pass is over, in seconds of POSIX time; None if it is none of this session's."""
    name, _point, rest = shown.partition(".")
    until, _point, code = rest.partition(".")
    if name != str(row.pk) or not _is_same(_code("pass", row.pk, until), code):
        return None
    return float(until)


def note_refused(
    row: DeviceKey, *, browser: str, network: str, is_foreign: bool, now: datetime
) -> bool:
    """Note on the record, hourly at most, that a session was asked for without its device's key.

    `browser` and `network` (a whole prefix) say from where. From where the session began it may be
    its own browser, which did not reach us in time, unless `is_foreign`: another key was used.
    Returns whether it may be somebody else.
    """
    began = SignIn.objects.filter(session_digest=row.session_digest).first()
    is_elsewhere = began is not None and (began.browser, began.network) != (browser, network)
    if not is_foreign and not is_elsewhere:
        return False
    if row.refused_at is not None and now - row.refused_at < NOTED_EVERY:
        return True
    with transaction.atomic():
        DeviceKey.objects.filter(pk=row.pk).update(refused_at=now)
        actor = Actor(kind=ActorKind.SYSTEM, channel=Channel.WEB, origin=Origin(network=network))
        entries.write(
            actions.SESSION_REFUSED,
            actor=actor,
            subjects=[row.account_id],
            object_id=row.pk,
            at=now,
        )
    return True


def note_keys(rows: Iterable[SignIn]) -> bool:
    """Say of each session to which key it is bound; returns whether one is bound at all."""
    by_digest = {row.session_digest: row for row in rows}
    found = DeviceKey.objects.filter(session_digest__in=by_digest)
    for key in filter(is_genuine, found):
        by_digest[key.session_digest].device_key = key
    return any(row.device_key for row in by_digest.values())


def go_along(former: str, *, session_digest: str) -> DeviceKey | None:
    """Let a key go along with its session, which is named anew; None if it is bound to none."""
    row = DeviceKey.objects.filter(session_digest=former).first()
    if row is None or not is_genuine(row):
        return None
    row.session_digest = session_digest
    row.stamp = _stamp(row)
    row.save(update_fields=["session_digest", "stamp"])
    return row


def is_genuine(row: DeviceKey) -> bool:
    """Whether this application wrote the row, for this session and this key."""
    return _is_same(row.stamp, _stamp(row))


def _stamp(row: DeviceKey) -> str:
    return _code("key", row.pk, row.session_digest, row.public_key)


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _code(use: str, *words: object) -> str:
    key = derived_key(settings.SECRET_KEY, b"device bound")
    said = json.dumps([use, *map(str, words)]).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, said, "sha256")).decode().rstrip("=")


def _read(proof: str) -> Proof:
    """Read a proof's header, before anything of it is believed. Raises NotProved."""
    if not 0 < len(proof) <= LONGEST_PROOF:
        raise NotProved("the proof is missing or too long")
    try:
        header = header_of(proof)
        if header.get("typ") != TYPE:
            raise NotProved(f"typ must be {TYPE}")
        if header.get("alg") not in ALGORITHMS.values():
            raise NotProved("alg must be ES256 or RS256")
        return Proof(text=proof, public_key=_canonical(header.get("jwk")))
    except MALFORMED as error:
        raise NotProved("the proof is not a JWT") from error


def _canonical(jwk: Any) -> str:
    """A public key as JSON of its necessary members alone; "" if there is none."""
    if jwk is None:
        return ""
    names = MEMBERS.get(jwk.get("kty"))
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise NotProved("jwk must be an EC or RSA key")
    if "d" in jwk or (jwk["kty"] == "EC" and jwk["crv"] != "P-256"):
        raise NotProved("jwk must be a public key, of P-256 if it is an EC key")
    # Six bits a base64url character; asked first, since joserfc warns of a short key on import.
    if jwk["kty"] == "RSA" and len(jwk["n"]) * 6 < LEAST_RSA_BITS:
        raise NotProved(f"an RSA key has {LEAST_RSA_BITS} bits or more")
    return json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True)


def _signed(read: Proof, *, by: str, url: str) -> str:
    """The challenge that a key signed. Raises NotProved."""
    try:
        jwk = json.loads(by)
        key = import_key(jwk)
        if not isinstance(key, ECKey | RSAKey):
            raise NotProved("jwk must be an EC or RSA key")
        claims = claims_of(read.text, key, algorithms=[ALGORITHMS[jwk["kty"]]])
    except MALFORMED as error:
        raise NotProved("another key signed the proof", is_foreign=True) from error
    # Chromium says it behind a flag; where it is said, it is of this address.
    if claims.get("aud", url) not in (url, [url]):
        raise NotProved("aud is another address", is_foreign=True)
    challenge = claims.get("jti")
    if not isinstance(challenge, str):
        raise NotProved("jti is missing")
    return challenge
