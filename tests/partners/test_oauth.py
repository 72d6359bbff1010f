"""The token endpoint and bound tokens, as RFC 7523, SMART Backend Services and RFC 9449 say."""

import hashlib
import hmac
import time
import uuid
from datetime import timedelta

import httpx
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.util import urlsafe_b64encode

from partners.domain import keys
from partners.domain.scopes import SCOPES
from partners.models import AccessToken
from tests.clock import today
from tests.factories import make_agenda, make_credential, make_grant, make_opening, make_reason
from tests.partners.published import published_client
from tests.partners.software import KEY, ask, assertion, proof

pytestmark = pytest.mark.django_db
OTHER = ECKey.generate_key("P-256", {"kid": "other"})
_modulus = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128)
SHORT_RSA = {"kty": "RSA", "e": "AQAB", "n": urlsafe_b64encode(_modulus).decode()}
BASE = "http://localhost:8000"


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def credential(agenda):
    credential = make_credential(key=KEY)
    make_grant(credential, agenda, scopes=["agendas:read", "slots:read"])
    return credential


def test_a_signed_assertion_gives_a_short_token_that_works(credential, agenda):
    answer = ask(assertion(credential))
    given = answer.json()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 300)
    assert given["scope"] == "agendas:read slots:read"
    caller = Client(headers={"Authorization": f"Bearer {given['access_token']}"})
    assert caller.get("/api/v1/agendas").json()["agendas"][0]["id"] == str(agenda.pk)


def test_a_token_is_not_kept_in_the_database(credential):
    token = ask(assertion(credential)).json()["access_token"]
    kept = AccessToken.objects.get()
    assert token.encode() not in bytes(kept.digest)
    assert bytes(kept.digest) == hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"aud": "https://other.example/token"}, 400), ({"aud": None}, 400),
        ({"exp": 1}, 400), ({"exp": None}, 400), ({"exp": int(time.time()) + 86400}, 401),
        ({"iss": "somebody"}, 400), ({"sub": str(uuid.uuid4())}, 400), ({"sub": None}, 400),
        ({"sub": 7}, 400), ({"jti": None}, 400), ({"jti": 5}, 400), ({"jti": "x" * 300}, 400),
    ],
)  # fmt: skip
def test_an_assertion_with_a_wrong_claim_is_refused(credential, changed, status):
    answer = ask(assertion(credential, **changed))
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_client"
    assert not AccessToken.objects.exists()


def test_an_assertion_is_used_once(credential):
    text = assertion(credential)
    assert ask(text).status_code == 200
    assert ask(text).json() == {
        "error": "invalid_client", "error_description": "JWT ID is used before."
    }  # fmt: skip


def test_only_the_credentials_own_unrevoked_keys_count(credential):
    assert ask(assertion(credential, key=OTHER)).json()["error"] == "invalid_client"
    forged = ECKey.import_key(OTHER.as_dict(private=True) | {"kid": "one"})
    assert ask(assertion(credential, key=forged)).json()["error"] == "invalid_client"
    credential.keys.update(revoked_at=timezone.now())
    assert ask(assertion(credential)).json()["error"] == "invalid_client"


def test_a_public_key_is_no_shared_secret(credential):
    """The classic confusion: HS256 with the public key as the secret."""
    _head, body, _signature = assertion(credential).split(".")
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').decode()
    signature = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    forged = f"{head}.{body}.{urlsafe_b64encode(signature).decode()}"
    assert ask(forged).status_code == 401
    unsigned = urlsafe_b64encode(b'{"alg":"none"}').decode()
    assert ask(f"{unsigned}.{body}.").status_code == 401
    assert ask("a.b.c").status_code == 400
    assert ask("").status_code == 400


def test_a_suspended_credential_gets_no_token_and_is_told_why(credential):
    credential.suspended_at = timezone.now()
    credential.save()
    answer = ask(assertion(credential))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "suspended" in answer.json()["error_description"]


def test_other_ways_to_ask_are_refused(credential):
    assert Client().get("/api/v1/oauth/token").status_code == 405
    assert ask(assertion(credential), grant_type="password").status_code == 400
    assert ask(assertion(credential), query="?scope=agendas:read").status_code == 400
    secret = {"client_id": str(credential.pk), "client_secret": "x"}
    answer = Client().post("/api/v1/oauth/token", {"grant_type": "client_credentials", **secret})
    assert answer.json()["error"] == "invalid_client"


def test_scopes_are_those_that_a_practice_grants(credential):
    assert ask(assertion(credential), scope="slots:read").json()["scope"] == "slots:read"
    refused = ask(assertion(credential), scope="slots:read patients:reveal")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    credential.grants.update(revoked_at=timezone.now())
    assert ask(assertion(credential)).json()["error"] == "invalid_scope"


def bound(credential, key=KEY):
    answer = ask(assertion(credential), dpop=proof(key=key))
    assert answer.json()["token_type"] == "DPoP"
    return answer.json()["access_token"]


def call(token, text, scheme="DPoP", path="/api/v1/agendas"):
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": text} if text else {})
    return Client(headers=headers).get(path)


def agendas_proof(token, **changed):
    return proof("GET", f"{BASE}/api/v1/agendas", token=token, **changed)


@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_token_is_bound_to_an_rsa_key_of_any_usual_size(credential, bits):
    key = RSAKey.generate_key(bits)
    signs = {"header": {"alg": "PS256"}, "key": key}
    answer = ask(assertion(credential), dpop=proof(**signs))
    assert answer.json().get("token_type") == "DPoP", answer.content
    token = answer.json()["access_token"]
    assert call(token, agendas_proof(token, **signs)).status_code == 200


def test_a_bound_token_works_with_a_proof_of_its_key(credential):
    token = bound(credential)
    assert call(token, agendas_proof(token)).status_code == 200
    with_query = call(token, agendas_proof(token), path="/api/v1/agendas?since=x")
    # Who asks is known; the parameter is not.
    assert with_query.status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "POST"}, {"htu": f"{BASE}/api/v1/other"}, {"htu": "https://evil.example/api/v1/agendas"},
        {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 3600}, {"iat": None},
        {"iat": True}, {"iat": "now"}, {"jti": None}, {"jti": ""}, {"jti": "x" * 300}, {"ath": None},
        {"ath": "wrong"}, {"header": {"typ": "JWT"}}, {"key": OTHER},
        {"header": {"jwk": KEY.as_dict(private=True)}}, {"header": {"jwk": OTHER.as_dict(private=False)}},
        {"header": {"jwk": {"kty": "oct", "k": "YQ"}}},
    ],
)  # fmt: skip
def test_a_proof_that_fails_a_check_is_refused(credential, changed):
    token = bound(credential)
    answer = call(token, agendas_proof(token, **changed))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("DPoP ")


def test_a_copied_token_a_replayed_proof_and_a_wrong_scheme_are_refused(credential):
    token = bound(credential)
    once = agendas_proof(token)
    assert call(token, once).status_code == 200
    assert call(token, once).status_code == 401
    assert call(token, None).status_code == 401
    assert call(token, None, scheme="Bearer").status_code == 401
    assert call(token, "nonsense").status_code == 401
    unbound = ask(assertion(credential)).json()["access_token"]
    assert call(unbound, agendas_proof(unbound)).status_code == 401


def test_a_symmetric_proof_is_refused(credential):
    token = bound(credential)
    secret = OctKey.generate_key(256)
    header = {"alg": "HS256", "jwk": secret.as_dict()}
    assert call(token, agendas_proof(token, key=secret, header=header)).status_code == 401


def test_a_credential_may_be_held_to_bound_tokens(credential):
    loose = ask(assertion(credential)).json()["access_token"]
    credential.sender_constrained = True
    credential.save()
    refused = ask(assertion(credential))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert call(loose, None, scheme="Bearer").status_code == 403
    token = bound(credential)
    assert call(token, agendas_proof(token)).status_code == 200


def test_a_wrong_proof_at_the_token_endpoint_says_so(credential):
    answer = ask(assertion(credential), dpop=proof(url=f"{BASE}/elsewhere"))
    assert answer.json() == {
        "error": "invalid_dpop_proof", "error_description": "htu is not the address of the request"
    }  # fmt: skip


@pytest.mark.parametrize(
    "jwk",
    [
        KEY.as_dict(private=True), {"kty": "oct", "k": "YQ"}, {"kty": "EC"}, {},
        SHORT_RSA,
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    ],
)  # fmt: skip
def test_a_key_that_is_private_weak_or_none_is_not_registered(credential, jwk):
    with pytest.raises(keys.UnusableKey):
        keys.register_key(credential=credential, jwk=jwk)
    assert credential.keys.count() == 1


def test_a_kid_is_registered_once(credential):
    with pytest.raises(keys.UnusableKey, match="kid"):
        keys.register_key(credential=credential, jwk=KEY.as_dict(private=False))


def test_an_rsa_key_as_smart_uses_it_works(credential):
    key = RSAKey.generate_key(2048, {"kid": "rsa"})
    keys.register_key(credential=credential, jwk=key.as_dict(private=False))
    assert ask(assertion(credential, key=key, alg="RS384")).status_code == 200


def test_a_token_ends_after_five_minutes(credential):
    token = ask(assertion(credential)).json()["access_token"]
    with time_machine.travel(time.time() + 301):
        assert call(token, None, scheme="Bearer").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_the_published_client_works_over_http(credential, agenda, live_server, settings):
    settings.BASE_URL = live_server.url
    agenda.open_on_holidays = True
    agenda.save(update_fields=["open_on_holidays"])
    make_opening(agenda, make_reason(agenda), starts_on=today() + timedelta(days=1))
    credential.grants.update(scopes=SCOPES)
    key = {"client_id": str(credential.pk), **KEY.as_dict(private=True)}
    published = published_client()
    with published.Client(f"{live_server.url}/api/v1", key) as client:
        assert client.get("agendas")["agendas"][0]["id"] == str(agenda.pk)
        booked = published.book_first_slot(client)
        assert booked["status"] == "cancelled"
        found, cursor = client.changes()
        assert [row["id"] for row in found] == [booked["id"]]
        assert client.changes(cursor)[1]
        credential.suspended_at = timezone.now()
        credential.save()
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            client.get("agendas")
