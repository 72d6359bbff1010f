"""Root keys from settings or from a file: for development and small installations.

Wrapping is django-cryptography's FernetBytes (AES-256-CBC with HMAC-SHA-256), its two keys derived
from the root key by HKDF.
"""

import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

from django_cryptography.core.signing import BadSignature, FernetSigner
from django_cryptography.utils.crypto import FernetBytes, InvalidToken

from audit.derived_key import derived_key
from audit.vault.providers.protocol import KeyUnavailable, NotHere
from audit.whole_file import write_whole


class SettingsKeyProvider:
    """Root keys given in settings, the current one first."""

    def __init__(self, root_keys: Iterable[str]) -> None:
        self._boxes: dict[str, FernetBytes] = {}
        for root_key in root_keys:
            self._boxes.setdefault(
                root_key_id(root_key),
                FernetBytes(
                    key=derived_key(root_key, b"wrap: encryption"),
                    signer=FernetSigner(key=derived_key(root_key, b"wrap: authentication")),
                ),
            )
        if not self._boxes:
            raise KeyUnavailable("No root key is configured.")

    def current_key_id(self) -> str:
        return next(iter(self._boxes))

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        current = self.current_key_id()
        return current, self._boxes[current].encrypt(data_key)

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        box = self._boxes.get(root_key_id)
        if box is None:
            raise KeyUnavailable(f"Root key {root_key_id} is not configured.")
        try:
            return box.decrypt(wrapped)
        except (InvalidToken, BadSignature) as error:
            raise KeyUnavailable(f"Root key {root_key_id} does not open this data key.") from error

    def introduce(self) -> str:
        raise NotHere(
            "Root keys come from DOCTOLIB_ROOT_KEYS: put a new one first there, restart, and run"
            " this again with --no-new-key; or use DOCTOLIB_ROOT_KEYS_FILE."
        )

    def retire(self, root_key_id: str) -> None:
        raise NotHere("Root keys come from DOCTOLIB_ROOT_KEYS: take the old one away there.")


class FileKeyProvider:
    """Root keys in a file, one a line, the current one first; read again when the file changes.

    So a key that a rotation introduces is known to every running process at once. The file
    appears with the first rotation; until then the keys of the settings stand.
    """

    def __init__(self, path: Path, root_keys: Iterable[str]) -> None:
        self._path = path
        self._settings_keys = list(root_keys)
        self._seen: tuple[int, int] | None = None
        self._inner = self._read()

    def current_key_id(self) -> str:
        return self._fresh().current_key_id()

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        return self._fresh().wrap(data_key)

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        return self._fresh().unwrap(root_key_id, wrapped)

    def introduce(self) -> str:
        new = secrets.token_urlsafe(32)
        self._write([new, *self._keys()])
        return root_key_id(new)

    def retire(self, root_key_id_: str) -> None:
        kept = [key for key in self._keys() if root_key_id(key) != root_key_id_]
        if not kept or root_key_id_ == self.current_key_id():
            raise KeyUnavailable("The current root key cannot be retired.")
        self._write(kept)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _fresh(self) -> SettingsKeyProvider:
        if self._stamp() != self._seen:
            self._inner = self._read()
        return self._inner

    def _read(self) -> SettingsKeyProvider:
        self._seen = self._stamp()
        return SettingsKeyProvider(self._keys())

    def _keys(self) -> list[str]:
        try:
            lines = self._path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return list(self._settings_keys)
        except OSError as error:
            raise KeyUnavailable(f"The root keys in {self._path} cannot be read.") from error
        return [line.strip() for line in lines if line.strip()]

    def _write(self, keys: list[str]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, (f"{key}\n" for key in keys))


def root_key_id(root_key: str) -> str:
    """A name for a root key that says nothing about it."""
    return hashlib.sha256(b"doctolib root key id|" + root_key.encode()).hexdigest()[:16]
