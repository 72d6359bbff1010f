"""Sealed files: chunks of equal size under a key of the file's own, read in order or from anywhere.

Each chunk is AES-256-GCM with its number and whether it is the last as its nonce (the STREAM
construction: Hoang, Reyhanitabar, Rogaway and Vizár 2015), bound to the file's id: a chunk that is
changed, moved, left out or cut off cannot be decrypted. The key is a text that the file's row seals
for its subject: only `audit.vault.reveal` returns it, and it is lost with the subject's data key.
"""

import base64
import io
import os
import tempfile
import uuid
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.ids import new_id
from audit.vault.sealing import SealBroken

PART_BYTES = 64 * 1024
TAG_BYTES = 16
HEAD_BYTES = 4096


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def count_parts(size: int) -> int:
    """The number of chunks of a file of `size` bytes; an empty file has one."""
    return max(1, -(-size // PART_BYTES))


def open_part(key: str, *, file_id: uuid.UUID, number: int, size: int, sealed: bytes) -> bytes:
    """Return one chunk of a file of `size` bytes, given the file's key. Raises SealBroken."""
    cipher = AESGCM(base64.b64decode(key))
    is_last = number == count_parts(size) - 1
    try:
        return cipher.decrypt(_nonce(number, is_last=is_last), sealed, file_id.bytes)
    except InvalidTag as error:
        raise SealBroken(f"part {number} of file {file_id} does not open.") from error


class SealedFile:
    """A file that is sealed while it arrives, so that only ciphertext is on the disk.

    Feed it, finish it, then take its `parts`; `close` deletes it. Sizes in bytes.
    """

    def __init__(self, name: str) -> None:
        self.id = new_id()
        self.name = name
        self.size = 0
        self.head = b""
        self._key = os.urandom(32)
        self._rest = b""
        self._number = 0
        self._stored: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - see `close`

    @property
    def key(self) -> str:
        """The key as a text, for `seal`."""
        return base64.b64encode(self._key).decode()

    def feed(self, data: bytes) -> None:
        """Seal what has arrived, except what may be the last chunk."""
        self.size += len(data)
        self.head += data[: HEAD_BYTES - len(self.head)]
        self._rest += data
        while len(self._rest) > PART_BYTES:
            self._store(self._rest[:PART_BYTES], is_last=False)
            self._rest = self._rest[PART_BYTES:]

    def finish(self) -> None:
        """Seal the last chunk: the file is complete."""
        self._store(self._rest, is_last=True)
        self._rest = b""

    def _store(self, part: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._number, is_last=is_last)
        self._stored.write(AESGCM(self._key).encrypt(nonce, part, self.id.bytes))
        self._number += 1

    def parts(self) -> Iterator[bytes]:
        """The sealed chunks, in order."""
        self._stored.seek(0)
        while part := self._stored.read(PART_BYTES + TAG_BYTES):
            yield part

    def reader(self) -> IO[bytes]:
        """The plaintext of the file, for the checks before it is accepted."""
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Delete the data on the disk; also done when the object is garbage collected."""
        self._stored.close()

    __del__ = close


class _Reader(io.RawIOBase):
    def __init__(self, file: SealedFile) -> None:
        super().__init__()
        self._parts = enumerate(file.parts())
        self._file, self._open = file, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        if not self._open:
            number, sealed = next(self._parts, (0, b""))
            if not sealed:
                return 0
            file = self._file
            self._open = open_part(
                file.key, file_id=file.id, number=number, size=file.size, sealed=sealed
            )
        taken = min(len(buffer), len(self._open))
        buffer[:taken], self._open = self._open[:taken], self._open[taken:]
        return taken
