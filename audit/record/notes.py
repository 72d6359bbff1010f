"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

A checkpoint is a text of three lines (origin, size, root in base64), a blank line, and one
signature line for each signer. Ours is Ed25519 (signature type 1); a witness's cosignature
(type 4) also covers the time at which it was made.
"""

import base64
import hashlib
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
DASH = "\u2014"
# Decimal digits of ASCII without leading zeroes; no record has more entries than nineteen say.
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteBroken(Exception):
    """A note is malformed, or not signed by the key that was asked for."""


@dataclass(frozen=True, kw_only=True)
class TreeHead:
    """The content of a checkpoint: the log, the number of entries, and their root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, kw_only=True)
class VerifierKey:
    """A public key with the name of its signer; `type` says what it signs."""

    name: str
    public: bytes
    type: int = ED25519

    @property
    def key_id(self) -> bytes:
        content = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        return hashlib.sha256(content).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `name+id+key`. Raises NoteBroken."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            key = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise NoteBroken(f"{text!r} is no verifier key") from error
        if not is_name(name):
            raise NoteBroken(f"{text!r} is no verifier key")
        if len(key) != 33 or key[0] not in (ED25519, COSIGNATURE):
            raise NoteBroken(f"{name}: a key of an unknown type")
        found = cls(name=name, public=key[1:], type=key[0])
        if found.key_id.hex() != key_id:
            raise NoteBroken(f"{name}: the key does not fit its id")
        return found


def is_name(text: str) -> bool:
    """Whether a signer may be called so: without any blank or end of a line, and no plus sign."""
    return bool(text) and "+" not in text and not any(letter.isspace() for letter in text)


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """Write a signature line of a note."""
    return f"{DASH} {key.name} {base64.b64encode(key.key_id + signature).decode()}\n"


def sign(head: TreeHead, *, name: str, key: Ed25519PrivateKey) -> str:
    """Return the signed checkpoint of a tree head."""
    public = VerifierKey(name=name, public=key.public_key().public_bytes_raw())
    return f"{head.body()}\n{signature_line(public, key.sign(head.body().encode()))}"


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Split a note into its text and (name, key id with signature). Raises NoteBroken."""
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteBroken("no signature")
    signatures = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise NoteBroken("a signature line that cannot be read") from error
        if dash != DASH or not is_name(name) or len(decoded) < 5:
            raise NoteBroken("a signature line that cannot be read")
        signatures.append((name, decoded))
    return text + "\n", signatures


def read_head(text: str) -> TreeHead:
    """Read a checkpoint's text. Raises NoteBroken."""
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError) as error:
        raise NoteBroken("not a checkpoint") from error
    if not origin or _SIZE.fullmatch(size) is None or len(root) != 32:
        raise NoteBroken("not a checkpoint")
    return TreeHead(origin=origin, size=int(size), root=root)


def open_checkpoint(note: str, key: VerifierKey) -> TreeHead:
    """Return what a checkpoint says after checking the key's signature. Raises NoteBroken."""
    text, signatures = split(note)
    if not any(_is_signed_by(key, text, name, signature) for name, signature in signatures):
        raise NoteBroken(f"not signed by {key.name}")
    head = read_head(text)
    if key.type == ED25519 and head.origin != key.name:
        raise NoteBroken(f"of {head.origin}, but signed by {key.name}")
    return head


def cosigned_at(note: str, witness: VerifierKey) -> int:
    """Return when a witness cosigned the note (POSIX seconds). Raises NoteBroken."""
    text, signatures = split(note)
    for name, signature in signatures:
        if _is_signed_by(witness, text, name, signature):
            return int(struct.unpack(">Q", signature[4:12])[0])
    raise NoteBroken(f"not cosigned by {witness.name}")


def _is_signed_by(key: VerifierKey, text: str, name: str, signature: bytes) -> bool:
    if name != key.name or signature[:4] != key.key_id:
        return False
    message, signed = text.encode(), signature[4:]
    if key.type == COSIGNATURE:
        if len(signed) != 72:
            return False
        time = struct.unpack(">Q", signed[:8])[0]
        message, signed = f"cosignature/v1\ntime {time}\n{text}".encode(), signed[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signed, message)
    except InvalidSignature:
        return False
    return True
