"""What a vendor's software sends to get a token and to use it, and the ways to send it wrong."""

import base64
import hashlib
import json
import time
import uuid
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey

from partners.api.oauth import token_url
from partners.domain import tokens
from partners.domain.scopes import SCOPES

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ECKey.generate_key("P-256", {"kid": "one"})


def assertion(credential, *, key=KEY, alg="ES256", **changed):
    now = int(time.time())
    claims = {
        "iss": str(credential.pk), "sub": str(credential.pk), "aud": token_url(), "iat": now,
        "exp": now + 60, "jti": str(uuid.uuid4()),
    } | changed  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])


def proof(method="POST", url=None, *, key=KEY, token=None, header=None, **changed):
    claims = {
        "jti": str(uuid.uuid4()), "htm": method, "htu": url or token_url(), "iat": int(time.time())
    }  # fmt: skip
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    claims = {name: value for name, value in (claims | changed).items() if value is not None}
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)} | (header or {})
    return jwt.encode(head, claims, key, algorithms=[head["alg"]])


def ask(text, *, dpop=None, query="", **changed):
    form = {
        "grant_type": "client_credentials", "client_assertion_type": ASSERTION,
        "client_assertion": text,
    } | changed  # fmt: skip
    headers = {"DPoP": dpop} if dpop else {}
    return Client().post(f"/api/v1/oauth/token{query}", form, headers=headers)


class Software:
    """A vendor's program with a key-bound token: each request has a proof of its own."""

    base = "http://localhost:8000"
    address = "127.0.0.1"

    def __init__(self, credential, *, wanted=SCOPES, key=KEY, root="api/v1"):
        self.credential = credential
        self.root = root
        self.key = key
        self.token = tokens.issue(
            credential=credential, scopes=wanted, thumbprint=key.thumbprint(), now=timezone.now()
        )

    def renewed(self):
        """The same program with a fresh token, once its old one has expired."""
        return Software(self.credential, key=self.key, root=self.root)

    def get(self, path, *, accept=None, **query):
        return self.send("GET", path, query=query, accept=accept)

    def post(self, path, body, **headers):
        return self.send("POST", path, body, **headers)

    def put(self, path, body, **headers):
        return self.send("PUT", path, body, **headers)

    def delete(self, path, **headers):
        return self.send("DELETE", path, **headers)

    def send(self, method, path, body=None, *, match=None, key=None, query=None, accept=None):
        address, mark, asked = f"/{self.root}/{path}".partition("?")
        given = {"If-Match": match, "Idempotency-Key": key, "Accept": accept}
        headers = {name: value for name, value in given.items() if value is not None} | {
            "Authorization": f"DPoP {self.token}",
            "DPoP": proof(method, f"{self.base}{address}", key=self.key, token=self.token),
        }
        # A text goes out as it is.
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        address += mark + asked
        if query:
            address += f"?{urlencode(query)}"
        return Client().generic(
            method,
            address,
            text,
            content_type="application/json",
            headers=headers,
            REMOTE_ADDR=self.address,
        )
