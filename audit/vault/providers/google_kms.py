"""Google Cloud KMS (REST API v1: cryptoKeys encrypt, decrypt, cryptoKeyVersions)."""

import base64
import hashlib
from dataclasses import dataclass
from time import monotonic
from typing import Any

from audit.vault.providers.http import UNREADABLE, call, decoded
from audit.vault.providers.protocol import KeyUnavailable

METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
# Tokens live an hour.
LONGEST_S = 7 * 24 * 3600
# Bound to the ciphertext: a wrapped key from elsewhere under the same root key does not open.
AUTHENTICATED = base64.b64encode(b"doctolib data key").decode()


@dataclass
class _Token:
    text: str = ""
    until: float = 0.0


class GoogleKeyProvider:
    """Wraps under a crypto key "projects/P/locations/L/keyRings/R/cryptoKeys/K".

    A root key id is "kms:" with a digest of the version's full name; the service itself finds the
    version of a ciphertext. The access token comes from the machine's metadata server.
    """

    def __init__(self, *, url: str, key: str, metadata_url: str) -> None:
        self._url, self._key, self._metadata_url = url.rstrip("/"), key, metadata_url.rstrip("/")
        self._token = _Token()

    def current_key_id(self) -> str:
        primary = self._call("GET", self._key).get("primary")
        return _id(str(primary.get("name", "")) if isinstance(primary, dict) else "")

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        answer = self._call(
            "POST",
            f"{self._key}:encrypt",
            {
                "plaintext": base64.b64encode(data_key).decode(),
                "additionalAuthenticatedData": AUTHENTICATED,
            },
        )
        return _id(str(answer.get("name", ""))), decoded(answer.get("ciphertext"))

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        if not root_key_id.startswith("kms:"):
            raise KeyUnavailable(f"Root key {root_key_id} is not one of Google's.")
        answer = self._call(
            "POST",
            f"{self._key}:decrypt",
            {
                "ciphertext": base64.b64encode(wrapped).decode(),
                "additionalAuthenticatedData": AUTHENTICATED,
            },
        )
        return decoded(answer.get("plaintext"))

    def introduce(self) -> str:
        made = str(self._call("POST", f"{self._key}/cryptoKeyVersions", {}).get("name", ""))
        version = made.rpartition("/")[2]
        self._call("POST", f"{self._key}:updatePrimaryVersion", {"cryptoKeyVersionId": version})
        return _id(made)

    def retire(self, root_key_id: str) -> None:
        """Disable the version: it opens nothing, and can still be enabled again for a while."""
        if root_key_id == self.current_key_id():
            raise KeyUnavailable("The current root key cannot be retired.")
        versions = self._call("GET", f"{self._key}/cryptoKeyVersions").get("cryptoKeyVersions", [])
        for version in versions:
            if _id(str(version.get("name", ""))) == root_key_id:
                path = f"{version['name']}?updateMask=state"
                self._call("PATCH", path, {"state": "DISABLED"})
                return
        raise KeyUnavailable(f"Root key {root_key_id} is not one of {self._key}.")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._access_token()}"}
        return call(method, f"{self._url}/v1/{path}", headers=headers, body=body)

    def _access_token(self) -> str:
        if monotonic() >= self._token.until:
            url = self._metadata_url + METADATA
            answer = call("GET", url, headers={"Metadata-Flavor": "Google"})
            text, seconds = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_S:
                raise KeyUnavailable("The metadata server's answer cannot be read.")
            if not isinstance(text, str):
                raise KeyUnavailable("The metadata server's answer cannot be read.")
            # A minute early: a call that is under way must not outlive its token.
            self._token = _Token(text=text, until=monotonic() + seconds - 60)
        return self._token.text


def _id(version_name: str) -> str:
    if not version_name:
        raise KeyUnavailable(UNREADABLE)
    return "kms:" + hashlib.sha256(version_name.encode()).hexdigest()[:32]
