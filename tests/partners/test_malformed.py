"""Statements that are signed, or look it, and are made of the wrong things: refused, never a 500."""

import json
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode

from partners.api.oauth import token_url
from partners.domain import keys
from partners.models import AccessToken, Grant
from tests.factories import make_practice
from tests.partners.software import KEY, ask, assertion, proof
from tests.support.partner_appointments import credential  # noqa: F401

pytestmark = pytest.mark.django_db
PUBLIC = KEY.as_dict(private=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**70) | st.text(max_size=8)
    | st.sampled_from(["EC", "RSA", "OKP", "oct", "P-256", "ES256", "HS256", "none", "AQAB"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["kty", "crv", "n", "e", "x", "y", "k", "kid"]), inner, max_size=5),
    max_leaves=8,
)  # fmt: skip
calmly = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def changes(names):
    return st.dictionaries(st.sampled_from([*names, "crit", "b64", "kid"]), json_values, max_size=4)


def signed(header, claims):
    """Signed by KEY whatever it says; joserfc would not sign most of it."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    texts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)
    ]
    parts = [urlsafe_b64encode(text).decode() for text in texts]
    message = ".".join(parts)
    r, s = decode_dss_signature(KEY.private_key.sign(message.encode(), ec.ECDSA(SHA256())))
    signature = urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    return f"{message}.{signature}"


def good_proof():
    return (
        {"typ": "dpop+jwt", "alg": "ES256", "jwk": PUBLIC},
        {"jti": str(uuid.uuid4()), "htm": "POST", "htu": token_url(), "iat": int(time.time())},
    )


def good_assertion(credential):
    now = int(time.time())
    who = str(credential.pk)
    return (
        {"alg": "ES256", "kid": "one"},
        {"iss": who, "sub": who, "aud": token_url(), "exp": now + 60, "jti": str(uuid.uuid4())},
    )


@pytest.fixture
def granted(credential):
    Grant.objects.create(credential=credential, practice=make_practice(), scopes=["agendas:read"])
    return credential


def test_the_signature_by_hand_is_a_good_one(granted):
    answer = ask(signed(*good_assertion(granted)), dpop=signed(*good_proof()))
    assert answer.json()["token_type"] == "DPoP"


@calmly
@given(header=changes(["typ", "alg", "jwk"]), claims=changes(["jti", "htm", "htu", "iat"]))
def test_a_malformed_proof_is_refused(granted, header, claims):
    first, second = good_proof()
    wanted = first | header, second | claims
    answer = ask(assertion(granted), dpop=signed(*wanted))
    sound = all(
        wanted[part][name] == value
        for part, names in enumerate((first, second))
        for name, value in names.items()
        if name != "jti"
    )
    if answer.status_code == 200:
        assert sound
    else:
        assert answer.json()["error"] == "invalid_dpop_proof"


@calmly
@given(
    header=changes(["alg", "typ", "jwk"]),
    claims=changes(["iss", "sub", "aud", "exp", "jti", "nbf", "iat"]),
)
def test_a_malformed_assertion_is_refused(credential, header, claims):
    first, second = good_assertion(credential)
    answer = ask(signed(first | header, second | claims))
    assert answer.status_code in (400, 401)
    assert not AccessToken.objects.exists()


@calmly
@given(
    jwk=st.dictionaries(
        st.sampled_from(["kty", "crv", "n", "e", "x", "y", "kid", "use"]), json_values
    )
)
def test_a_malformed_key_is_not_registered(credential, jwk):
    before = credential.keys.count()
    with pytest.raises(keys.UnusableKey):
        keys.register_key(credential=credential, jwk=jwk)
    assert credential.keys.count() == before


@pytest.mark.parametrize("htu", ["http://[", "//", "http://h:99999999/x", "\x00", ""])
def test_an_address_that_is_none_is_another_one(granted, htu):
    answer = ask(assertion(granted), dpop=proof(url=None, htu=htu))
    assert answer.json()["error_description"] == "htu is not the address of the request"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), 10**400], ids=["nan", "inf", "huge"])
def test_a_time_that_is_in_no_order_with_others_is_refused(granted, at):
    """JSON has no NaN, Python's reader has; it is neither before nor after any time."""
    header, claims = good_assertion(granted)
    answer = ask(signed(header, claims | {"exp": at}))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    header, claims = good_proof()
    answer = ask(assertion(granted), dpop=signed(header, claims | {"iat": at}))
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_claims_nested_without_end_are_refused_though_signed(granted):
    # Short enough for the library, which takes no long ones, and too deep for Python's own reader.
    deep = b'{"jti": ' + b"[" * 3000
    header, _claims = good_proof()
    assert ask(assertion(granted), dpop=signed(header, deep)).status_code == 400
    header, _claims = good_assertion(granted)
    assert ask(signed(header, deep)).status_code == 401


@pytest.mark.parametrize("where", ["header", "claims"])
def test_statements_nested_without_end_are_refused(credential, where):
    """Python's JSON runs out of stack before it runs out of text."""
    deep = urlsafe_b64encode(b'{"alg": "ES256", "x": ' + b"[" * 100_000).decode()
    good = urlsafe_b64encode(b'{"alg": "ES256", "kid": "k"}').decode()
    text = f"{deep}.{good}.AAAA" if where == "header" else f"{good}.{deep}.AAAA"
    assert ask(text).status_code in (400, 401)
    header, claims = good_assertion(credential)
    assert ask(signed(header, claims), dpop=text).status_code in (400, 401)
