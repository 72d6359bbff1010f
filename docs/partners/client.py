"""A client of the partner API in one file, with httpx and joserfc only.

    python client.py https://doctolib.example/api/v1 key.json

`key.json` is your private key as a JWK, with your `client_id` as an additional member. Every
request carries a proof by that key (DPoP), so a copied token is useless without the key.
"""

import base64
import hashlib
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import import_key

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Client:
    """Requests tokens when it needs them, and sends a DPoP proof with every request."""

    def __init__(self, base_url: str, key: dict[str, Any]) -> None:
        self._base = base_url.rstrip("/")
        self._client_id = key["client_id"]
        self._key = import_key({name: key[name] for name in key if name != "client_id"})
        self._algorithm = {"P-256": "ES256", "P-384": "ES384"}.get(key.get("crv", ""), "PS256")
        self._http = httpx.Client(timeout=20)
        self._token = ""
        self._good_until = 0.0
        # The ETag of the last response: send it as `version` with a change.
        self.version = ""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *problem: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str) -> Any:
        """GET a resource, such as `agendas`; raises httpx.HTTPStatusError."""
        return self._send("GET", path, params=parameters)

    def post(self, path: str, body: dict[str, Any], *, version: str = "", key: str = "") -> Any:
        """POST to a resource; raises httpx.HTTPStatusError.

        `version` is the ETag of the resource to change. A write with the same `key` is carried out
        only once, however often it is sent.
        """
        given = {"If-Match": version, "Idempotency-Key": key}
        headers = {name: value for name, value in given.items() if value}
        return self._send("POST", path, headers, json=body)

    def changes(self, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
        """Everything that changed since a cursor, and the cursor for the next time."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get("changes", **({"cursor": cursor} if cursor else {}))
            found += page["changes"]
            cursor = page["next"]
            if not page["more"]:
                return found, cursor

    def _send(
        self, method: str, path: str, extra: dict[str, str] | None = None, **what: Any
    ) -> Any:
        url = f"{self._base}/{path}"
        token = self._fresh_token()
        headers = {
            "Authorization": f"DPoP {token}",
            "DPoP": self._proof(method, url, token),
            **(extra or {}),
        }
        answer = self._http.request(method, url, headers=headers, **what)
        answer.raise_for_status()
        self.version = answer.headers.get("ETag", "")
        return answer.json() if answer.content else None

    def _fresh_token(self) -> str:
        if time.time() > self._good_until:
            url = f"{self._base}/oauth/token"
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION,
                "client_assertion": self._assertion(url),
            }
            answer = self._http.post(url, data=form, headers={"DPoP": self._proof("POST", url)})
            answer.raise_for_status()
            given = answer.json()
            self._token = given["access_token"]
            self._good_until = time.time() + given["expires_in"] - 20
        return self._token

    def _assertion(self, url: str) -> str:
        """A signed assertion of the credential's id, for one request (RFC 7523)."""
        now = int(time.time())
        claims = {
            "iss": self._client_id, "sub": self._client_id, "aud": url,
            "iat": now, "exp": now + 60, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        header = {"alg": self._algorithm, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[self._algorithm])

    def _proof(self, method: str, url: str, token: str = "") -> str:
        """A proof of possession of the key that the token is bound to (RFC 9449)."""
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        public = {n: v for n, v in self._key.as_dict(private=False).items() if n != "kid"}
        header = {"typ": "dpop+jwt", "alg": self._algorithm, "jwk": public}
        return jwt.encode(header, claims, self._key, algorithms=[self._algorithm])


def book_first_slot(client: Client) -> dict[str, Any]:
    """Book the first free slot for a new patient, and cancel the appointment again."""
    for agenda in client.get("agendas")["agendas"]:
        for reason in agenda["visit_reasons"]:
            slots = client.get(f"visit-reasons/{reason['id']}/slots")["slots"]
            if not slots:
                continue
            appointment: dict[str, Any] = client.post(
                "appointments",
                {
                    "visit_reason": reason["id"],
                    "starts_at": slots[0]["starts_at"],
                    "new_patient": {"first_name": "Camille", "last_name": "Essai"},
                },
                key=str(uuid.uuid4()),
            )
            path = f"appointments/{appointment['id']}/cancel"
            cancelled: dict[str, Any] = client.post(path, {}, version=client.version)
            return cancelled
    raise SystemExit("No slot is free this week.")


def main() -> None:
    base_url, key_file = sys.argv[1:3]
    with Client(base_url, json.loads(Path(key_file).read_text())) as client:
        for agenda in client.get("agendas")["agendas"]:
            print(agenda["practice"]["name"], "-", agenda["practitioner"])
        found, _cursor = client.changes()
        print(len(found), "appointments")
        print(book_first_slot(client))


if __name__ == "__main__":
    main()
