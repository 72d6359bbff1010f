"""A device of a browser that knows Device Bound Session Credentials, with a key of its own."""

import json
import re

from django.conf import settings
from django.urls import reverse
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from booking.accounts.sessions import device_bound
from booking.pages.session import device

OFFER = re.compile(r'\(ES256 RS256\);path="([^"]+)";challenge="([^"]+)"')
ASKED = re.compile(r'"([^"]+)";id="([^"]+)"')


class Device:
    """Signs in its key what the protocol's client signs (https://w3c.github.io/webappsec-dbsc/)."""

    def __init__(self, alg="ES256"):
        self.alg = alg
        self.key = ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)
        self.name = self.challenge = ""

    def proof(self, challenge, *, names_key=False, **claims):
        header = {"alg": self.alg, "typ": device_bound.TYPE}
        if names_key:
            header["jwk"] = self.key.as_dict(private=False)
        return signed(header, {"jti": challenge, **claims}, by=self.key)

    def take_up(self, client, answer):
        """Register the key, as the answer to a sign-in offers; returns the answer to that."""
        path, challenge = OFFER.fullmatch(answer[device.OFFERS]).groups()
        assert path == reverse("booking:register-device")
        return self.register(client, self.proof(challenge, names_key=True))

    def register(self, client, proof):
        return self._noted(ask(client, "booking:register-device", proof))

    def renew(self, client, proof=None):
        """Ask for the next pass, signing the challenge that was given with the last one."""
        proof = self.proof(self.challenge) if proof is None else proof
        return self._noted(ask(client, "booking:renew-device", proof, name=self.name))

    def _noted(self, answer):
        if device.ASKS in answer:
            self.challenge, self.name = ASKED.fullmatch(answer[device.ASKS]).groups()
        return answer


def signed(header, claims, *, by):
    return jws.serialize_compact(header, json.dumps(claims), by, algorithms=[header["alg"]])


def ask(client, route, proof, *, name=""):
    headers = {device.PROOF: proof, device.NAMES: name}
    return client.post(reverse(route), headers={key: said for key, said in headers.items() if said})


def copied(client, *names, **defaults):
    """Another browser with copies of a client's cookies: of all, or of those that are named."""
    thief = type(client)(**(client.defaults | defaults))
    for name in names or tuple(client.cookies):
        if name in client.cookies:
            thief.cookies[name] = client.cookies[name].value
    return thief


def session_cookie():
    return settings.SESSION_COOKIE_NAME
