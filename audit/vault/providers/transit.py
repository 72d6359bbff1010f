"""HashiCorp Vault's Transit engine (API of Vault 1.x: /v1/MOUNT/encrypt, decrypt, keys)."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from audit.vault.providers.http import UNREADABLE, call, decoded
from audit.vault.providers.protocol import KeyUnavailable


@dataclass(frozen=True, kw_only=True)
class TransitKeyProvider:
    """Wraps under a named key of Transit; a root key id is "transit:NAME:vN", N its version."""

    url: str
    token: str = field(repr=False)
    key: str
    mount: str = "transit"

    def current_key_id(self) -> str:
        version = self._data("GET", f"keys/{self.key}").get("latest_version")
        if not isinstance(version, int):
            raise KeyUnavailable(UNREADABLE)
        return self._id(version)

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        plaintext = base64.b64encode(data_key).decode()
        answer = self._data("POST", f"encrypt/{self.key}", {"plaintext": plaintext})
        ciphertext = str(answer.get("ciphertext", ""))
        version = re.match(r"vault:v(\d+):", ciphertext)
        if version is None:
            raise KeyUnavailable(UNREADABLE)
        return self._id(version[1]), ciphertext.encode()

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        self._version(root_key_id)
        # A value that is not a text was not wrapped by Transit, and Transit says so.
        text = wrapped.decode(errors="replace")
        answer = self._data("POST", f"decrypt/{self.key}", {"ciphertext": text})
        return decoded(answer.get("plaintext"))

    def introduce(self) -> str:
        self._call("POST", f"keys/{self.key}/rotate", {})
        return self.current_key_id()

    def retire(self, root_key_id: str) -> None:
        """Versions up to this one are refused from now on, by Transit itself."""
        version = self._version(root_key_id)
        if root_key_id == self.current_key_id():
            raise KeyUnavailable("The current root key cannot be retired.")
        self._call("POST", f"keys/{self.key}/config", {"min_decryption_version": version + 1})

    def _id(self, version: object) -> str:
        return f"transit:{self.key}:v{version}"

    def _version(self, root_key_id: str) -> int:
        """The version that a root key id names. Raises KeyUnavailable for another key's."""
        found = re.fullmatch(rf"{re.escape(self._id(''))}(\d+)", root_key_id, re.ASCII)
        if found is None:
            raise KeyUnavailable(f"Root key {root_key_id} is not one of Transit's {self.key}.")
        return int(found[1])

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.url.rstrip('/')}/v1/{self.mount}/{path}"
        return call(method, url, headers={"X-Vault-Token": self.token}, body=body)

    def _data(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        found = self._call(method, path, body).get("data")
        if not isinstance(found, dict):
            raise KeyUnavailable(UNREADABLE)
        return found
