"""What we sign, seal or number ourselves, given back by anybody who likes."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.contrib.auth.models import AnonymousUser
from django.core import signing as django_signing
from django.http import HttpResponse
from django.test import RequestFactory
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from audit import ids
from audit.vault import carried, kept_secrets
from booking.accounts import accounts, drafts
from booking.accounts.sessions import device_bound, known_browsers
from booking.appointments.queries.changes import Place
from booking.dashboard.agenda import signed
from booking.oversight import staff_lookup
from booking.pages.lost import afterwards
from booking.pages.lost import drafts as written
from booking.pages.session import unfinished
from booking.session_store import SessionStore
from booking.web.booking import kept_choice
from booking.web.signing_in import pending
from doctolib.cache import JSONOnly
from partners.domain import dpop
from practitioners.domain import live
from practitioners.domain.staff import invite
from tests.fuzz.registry import refuses, target

LINK = accounts.link_token(uuid.UUID(int=7), salt="fuzz")
PLACE = str(Place(changed_in=16, id=uuid.UUID(int=7), floor=3))
URL = "https://doctolib.example/api/v1/oauth/token"
# Always the same, and nobody's.
PRIVATE = ec.derive_private_key(2026, ec.SECP256R1())
KEY = ECKey.import_key(PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HEADER = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.as_dict(private=False)}
CLAIMS = {"jti": "one", "htm": "POST", "htu": URL, "iat": int(NOW.timestamp())}
SIGNED = (":", "_", "-", "=", ".", "A", "1wEdEr", "=1")


@target("booking.accounts.accounts.id_of_link", samples=(LINK, LINK[:-1], "none"), words=SIGNED)
def link_of_a_mail(token):
    with refuses(accounts.InvalidLink):
        assert accounts.id_of_link(token, salt="fuzz") == uuid.UUID(int=7) and token == LINK


@target(
    "practitioners.domain.staff.invite._named_by", "booking.accounts.accounts._account_of", needs_database=True,
    samples=(django_signing.dumps(str(uuid.UUID(int=7)), salt="invitation"),
             django_signing.dumps([str(uuid.UUID(int=7)), "ab"], salt="reset-password"), "none"),
    words=SIGNED,
)  # fmt: skip
def link_that_names_a_row(token):
    """An invitation, or a password to set again: there is none here."""
    with refuses(invite.InvalidInvitation):
        raise AssertionError(invite.open_invitation(token=token, now=NOW))
    with refuses(accounts.InvalidLink):
        raise AssertionError(accounts.account_of_reset(token))


@target("booking.accounts.sessions.known_browsers.read", samples=(LINK, "", "x:y:z"), words=SIGNED)
def cookie_of_a_known_browser(text):
    """One that is not ours makes a new browser, which knows nobody."""
    browser = known_browsers.read(text)
    assert browser.name and not browser.codes and not browser.knows(None)


@target(
    "booking.accounts.drafts._find",
    samples=("00" * 16 + "1", "zz", ""),
    words=("0", "1", "ff", " ", "\u0661"),
)
def cookie_of_a_draft(text):
    assert drafts.find(text, practice_id=uuid.UUID(int=7), account_id=uuid.UUID(int=8)) is None
    assert drafts.find_own(text, account_id=uuid.UUID(int=8)) is None


class _Session(dict):
    session_key = "fuzz"


def _request(path="/fuzz/", *, cookies=None, session=None, **query):
    request = RequestFactory().get(path, query)
    request.COOKIES.update(cookies or {})
    request.session = _Session(session or {})
    request.user = _Nobody()
    return request


class _Nobody(AnonymousUser):
    pk = uuid.UUID(int=7)


class _Reason:
    agenda_id = uuid.UUID(int=9)


@target(
    "booking.web.booking.kept_choice.find", "booking.web.signing_in.pending.address_of", "booking.pages.lost.afterwards.kept_secret",
    samples=("00" * 16, "zz", "ab" * 40), words=("0", "f", " ", "=", "\u0661"),
)  # fmt: skip
def what_a_session_keeps(text):
    """Sealed words in the session, and the cookie that opens them: of another key, nothing opens."""
    request = _request(
        cookies={kept_choice.COOKIE: text},
        session={unfinished.CHOICE: text, pending.TYPED: text, afterwards.SECRET: text},
    )
    assert kept_choice.find(request, reason=_Reason()) == kept_choice.Kept()
    assert pending.address_of(request) == ""
    assert afterwards.kept_secret(request) in (None, {})


@target(
    "booking.pages.lost.afterwards.said", "booking.dashboard.agenda.signed.read",
    samples=(LINK, django_signing.dumps([str(uuid.UUID(int=7)), "x"], salt="word", compress=True), "none"),
    words=SIGNED,
)  # fmt: skip
def word_in_an_address(text):
    request = _request(fait=text, mot=text)
    assert afterwards.said(request) is None
    found = signed.read(request, "mot", salt="word", lasts=timedelta(days=9))
    assert found in (None, ["x"])


@target(
    "booking.session_store.SessionStore.decode",
    takes="bytes",
    samples=(b"AAAA", b"====", b""),
    words=(b"A", b"="),
)
def stored_session(data):
    store = SessionStore("fuzz")
    assert store.decode(data) == {} == store.decode(data.decode("latin-1"))


@target(
    "doctolib.cache.JSONOnly.loads",
    takes="bytes",
    samples=(b"7", b'{"a":1}', b"\x80\x04."),
    words=(b"{", b"[", b"NaN"),
)
def cached_value(data):
    """What stands in Redis may be anybody's: it is JSON or it is not there."""
    json.dumps(JSONOnly().loads(data))


@target(
    "audit.vault.carried.take_out",
    takes="bytes",
    samples=(b"k" * 16, b"k" * 60, b""),
    words=(b"k", b"\x00"),
)
def sealed_under_a_key(data):
    for key in (b"k" * 16, data[:16], data):
        assert carried.take_out(data, key=key, bound=b"") is None
    with refuses(InvalidToken, django_signing.BadSignature):
        raise AssertionError(kept_secrets.use_secret(data, use=b"fuzz"))


@target(
    "booking.appointments.queries.changes.Place.read",
    samples=(PLACE, str(Place())),
    words=(".", "0", "f", "\u0661", "\n"),
)
def place_in_the_changes(text):
    found = Place.read(text)
    assert found is None or (
        Place.read(str(found)) == found and found.floor < 2**63 > found.changed_in
    )


@target("audit.ids.read_id", "booking.oversight.staff_lookup._account_id", samples=(str(uuid.UUID(int=7)), "{" + str(uuid.UUID(int=7)) + "}", uuid.UUID(int=7).hex),
        words=("-", "urn:uuid:", "{", "}", "_", "\u0661", "0x", "+"))  # fmt: skip
def identifier(text):
    found = ids.read_id(text)
    assert found is None or ids.read_id(str(found)) == found
    assert staff_lookup._account_id(text) == ids.read_id(text.strip())


@target("practitioners.domain.live.read_event_id", takes="header", samples=("1790000000000-0", "1", "0-0"),
        words=("-", "0", "18446744073709551616", "$", "+", "*"))  # fmt: skip
def last_event_seen(header):
    """Last-Event-ID: what Redis takes for a place in a stream, or nothing."""
    found = live.read_event_id(header)
    assert found == "" or all(0 <= int(part) < 2**64 for part in found.split("-"))


def _signed(payload, header=None):
    """Signed by KEY, whatever it says."""
    parts = [
        urlsafe_b64encode(part).decode()
        for part in (json.dumps(header or HEADER).encode(), payload)
    ]
    message = ".".join(parts)
    r, s = decode_dss_signature(PRIVATE.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{message}.{urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()}"


def _proved(proof):
    with patch.object(dpop, "first_use", lambda *names, seconds: True), refuses(dpop.InvalidProof):
        return dpop.thumbprint_of_proof(proof, method="POST", url=URL, now=NOW)


@target(
    "partners.domain.dpop.thumbprint_of_proof", takes="bytes",
    samples=tuple(json.dumps(CLAIMS | {"iat": at}).encode() for at in (CLAIMS["iat"], float("nan"), 10**400)),
    words=(b'"iat"', b'"jti"', b'"htu"', b'"htm"', b"NaN", b"Infinity", b"1e999", b"-0", b"null", b"{", b"}", b":"),
)  # fmt: skip
def claims_of_a_proof(payload):
    """A proof that its key has signed holds for a minute, for one request, whatever else it says."""
    if _proved(_signed(payload)) is not None:
        claims = json.loads(payload)
        assert abs(claims["iat"] - NOW.timestamp()) <= dpop.MOST_SECONDS
        assert claims["htm"] == "POST" and isinstance(claims["jti"], str)


@target(
    "partners.domain.dpop.thumbprint_of_proof", takes="header", samples=(_signed(json.dumps(CLAIMS).encode()), "a.b.c"),
    words=(".", "e30", "=", "-", "_"),
)  # fmt: skip
def proof_of_a_key(header):
    assert _proved(header) in (None, KEY.thumbprint())


@target(
    "partners.domain.dpop._public_key", takes="json",
    samples=(json.dumps(HEADER["jwk"]), '{"kty":"RSA","n":"AQAB","e":"AQAB"}', '{"kty":"oct","k":"AA"}'),
    words=('"kty"', '"EC"', '"RSA"', '"OKP"', '"crv"', '"Ed25519"', '"x"', '"AQAB"', "null", "[]", "{}", ":", ","),
)  # fmt: skip
def key_in_a_proof(value):
    with refuses(dpop.InvalidProof, *dpop.MALFORMED):
        assert dpop._public_key(value).as_dict(private=False)


DEVICE_HEADER = HEADER | {"typ": "dbsc+jwt"}
DEVICE_KEY = device_bound._canonical(DEVICE_HEADER["jwk"])
DEVICE_PROOF = _signed(json.dumps({"jti": "challenge"}).encode(), DEVICE_HEADER)


@target(
    "audit.named_key.header_of", "booking.accounts.sessions.device_bound._signed", takes="header",
    samples=(DEVICE_PROOF, DEVICE_PROOF[:-1], "a.b.c"), words=(".", "e30", "=", "-", "_"),
)  # fmt: skip
def proof_of_a_device(header):
    """What the device's key has signed, and nothing else."""
    with refuses(device_bound.NotProved):
        read = device_bound._read(header)
        # It may name any key; ours has signed for none but itself.
        assert device_bound._signed(read, by=DEVICE_KEY, url=URL) == "challenge"
        assert read.public_key in ("", DEVICE_KEY)


@target(
    "booking.accounts.sessions.device_bound._signed", takes="bytes",
    samples=tuple(json.dumps(each).encode() for each in ({"jti": "x"}, {"jti": "x", "aud": [URL]}, [], 7)),
    words=(b'"jti"', b'"aud"', b"NaN", b"1e999", b"null", b"[]", b"{}", b":", b","),
)  # fmt: skip
def claims_of_a_device(payload):
    with refuses(device_bound.NotProved):
        read = device_bound._read(_signed(payload, DEVICE_HEADER))
        assert isinstance(device_bound._signed(read, by=DEVICE_KEY, url=URL), str)


_ROW = device_bound.DeviceKey(id=uuid.UUID(int=7))
_PASS = device_bound.make_pass(_ROW, now=NOW)
_OFFER = device_bound.offer("fuzz", now=NOW)


@target(
    "booking.accounts.sessions.device_bound._end_of_pass", "booking.accounts.sessions.device_bound._is_offer",
    "booking.pages.lost.drafts.drop_sent", takes="header", samples=(_PASS, _OFFER, "a.b.c"),
    words=(".", "nan", "inf", "9", "-"),
)  # fmt: skip
def words_of_a_device(text):
    """Passes and offers hold for as long as we said, and others for nothing."""
    until = device_bound._end_of_pass(_ROW, text)
    assert until is None or text == _PASS
    assert not device_bound._is_offer(text, session_digest="fuzz", now=NOW) or text == _OFFER
    written.drop_sent(
        RequestFactory().post("/", {written.SENT: text}), HttpResponse(), practice_id=_ROW.pk
    )


@target(
    "booking.accounts.sessions.device_bound.find",
    needs_database=True,
    samples=(str(_ROW.pk), "x"),
    words=("-", "0"),
)
def key_that_a_browser_names(text):
    with refuses(device_bound.Over):
        raise AssertionError(device_bound.find(text))
