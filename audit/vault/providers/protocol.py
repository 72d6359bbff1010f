from typing import Protocol


class KeyUnavailable(Exception):
    """No root key at hand opens this data key, or the key service does not answer."""


class NotHere(Exception):
    """This provider's root keys are introduced or retired elsewhere; the text says where."""


class KeyProvider(Protocol):
    """Wraps and unwraps data keys; a root key of a remote provider never leaves it."""

    def current_key_id(self) -> str:
        """The id of the root key that wraps new data keys. Raises KeyUnavailable."""

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """Return the id of the root key used, and the wrapped data key. Raises KeyUnavailable."""

    def unwrap(self, root_key_id: str, wrapped: bytes) -> bytes:
        """Return the data key. Raises KeyUnavailable."""

    def introduce(self) -> str:
        """Make a new root key the current one; older ones still open. Returns its id.

        Raises NotHere, KeyUnavailable.
        """

    def retire(self, root_key_id: str) -> None:
        """Take away a root key that wraps nothing any more. Raises NotHere, KeyUnavailable."""
