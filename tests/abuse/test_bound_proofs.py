"""What registers a device's key, and renews its pass: a proof that the device signed, and no other."""

import base64
import json

import pytest
from joserfc.jwk import ECKey, OctKey

from booking.models import DeviceKey
from booking.pages.session import device
from tests.device import OFFER, Device, signed
from tests.support.bound_session import behind_tls, bound, browser, patient, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen", "behind_tls")]
__all__ = ["behind_tls", "patient"]


def unsigned(header, claims):
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), b"")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def wrong_proofs(challenge):
    """What is no proof: by what is wrong with it."""
    own = Device()
    public = own.key.as_dict(private=False)
    header = {"alg": "ES256", "typ": "dbsc+jwt", "jwk": public}
    claims = {"jti": challenge}
    shared = OctKey.import_key(json.dumps(public))
    large = ECKey.generate_key("P-384")
    return {
        "nothing": "",
        "no JWT": "x.y.z",
        "no text": "\x7f.\x7f.\x7f",
        "no signature": unsigned(header | {"alg": "none"}, claims),
        "a signature of nothing": unsigned(header, claims),
        "a shared key": signed(
            header | {"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}, claims, by=shared
        ),
        "the public key as a shared one": signed(header | {"alg": "HS256"}, claims, by=shared),
        "a private key": signed(
            header | {"jwk": own.key.as_dict(private=True)}, claims, by=own.key
        ),
        "no key": signed({"alg": "ES256", "typ": "dbsc+jwt"}, claims, by=own.key),
        "a key that is a list": unsigned(header | {"jwk": [public]}, claims),
        "another curve": signed(
            header | {"alg": "ES384", "jwk": large.as_dict(private=False)}, claims, by=large
        ),
        "a short key": unsigned(
            header | {"alg": "RS256", "jwk": {"kty": "RSA", "e": "AQAB", "n": "x" * 171}}, claims
        ),
        "another key": signed(
            header | {"jwk": Device().key.as_dict(private=False)}, claims, by=own.key
        ),
        "another type": signed(header | {"typ": "jwt"}, claims, by=own.key),
        "no challenge": signed(header, {}, by=own.key),
        "a challenge that is a number": signed(header, {"jti": 7}, by=own.key),
        "another challenge": signed(header, {"jti": challenge[:-1] + "é"}, by=own.key),
        "another address": own.proof(challenge, names_key=True, aud="https://example.org/"),
        "too long": own.proof(challenge, names_key=True, more="x" * 5000),
    }


WRONG = sorted(wrong_proofs("1.x"))


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_else_registers_a_key(patient, wrong):
    client = browser()
    challenge = OFFER.fullmatch(sign_in(client)[device.OFFERS])[2]
    answer = Device().register(client, wrong_proofs(challenge)[wrong])
    assert answer.status_code == 400 and answer.json()["error"]
    assert device.COOKIE not in answer.cookies
    assert not DeviceKey.objects.exists()
    own = Device()
    assert own.register(client, own.proof(challenge, names_key=True)).status_code == 200


@pytest.mark.parametrize("wrong", WRONG)
def test_nothing_else_renews_a_pass(patient, wrong):
    client, own = bound()
    answer = own.renew(client, wrong_proofs(own.challenge)[wrong])
    assert answer.status_code in (400, 403)
    assert device.COOKIE not in answer.cookies
    assert own.renew(client).status_code == 200, "and the device goes on"
