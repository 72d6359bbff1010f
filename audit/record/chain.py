"""Chains of entries: each is linked to the one that the same connection committed before it.

If an entry is deleted before it is sealed, the next one of its writer shows a gap. The link is part
of the entry's canonical text, and so covered by its authentication code and the tree: writer (8
bytes, drawn anew for each connection), position in the chain (8 bytes, big-endian, from 0), leaf
hash of the entry before (32 bytes; zeros for the first).

There is no lock, and no waiting for other connections: within one connection transactions follow
each other, and those that are rolled back remove their entries from the chain again.
"""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_FORMAT = struct.Struct(">8sQ32s")
FIRST = b"\0" * 32


class Broken(Exception):
    """An entry is missing before one that is linked to it; the text says which."""


@dataclass(kw_only=True)
class Chain:
    """The end of a connection's chain."""

    writer: bytes
    place: int = 0
    after: bytes = FIRST

    def link(self) -> bytes:
        """The link of the next entry."""
        return _FORMAT.pack(self.writer, self.place, self.after)

    def advance(self, leaf: bytes) -> Callable[[], None]:
        """Set an entry's leaf hash as the end; returns a function that undoes it."""
        place, after = self.place, self.after
        self.place, self.after = place + 1, leaf

        def back() -> None:
            self.place, self.after = place, after

        return back


_chains: "WeakKeyDictionary[Any, Chain]" = WeakKeyDictionary()


def current() -> Chain:
    """The chain of this thread's connection; a new connection gets a new one."""
    connection.ensure_connection()
    found = _chains.get(connection.connection)
    if found is None:
        found = _chains[connection.connection] = Chain(writer=secrets.token_bytes(8))
    return found


class Followed:
    """Follows every chain through the entries in their order, and finds breaks."""

    def __init__(self) -> None:
        self._ends: dict[bytes, tuple[int, bytes]] = {}

    def follow(self, link: bytes | None, leaf: bytes) -> None:
        """Check the next entry. Raises Broken."""
        if link is None:
            return
        try:
            writer, place, after = _FORMAT.unpack(link)
        except struct.error as error:
            raise Broken("its link cannot be read") from error
        expected, end = self._ends.get(writer, (0, FIRST))
        if place != expected or after != end:
            raise Broken(f"an entry that its writer {writer.hex()} wrote before it is missing")
        self._ends[writer] = (place + 1, leaf)
