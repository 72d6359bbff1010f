"""Chains of entries: each is bound to the one that the same connection committed before it.

An entry that is taken out before it is sealed leaves a gap as soon as its writer has written
another one. The link stands in the entry's canonical text, and so under its authentication code
and in the tree: writer (8 bytes, drawn anew for each connection), place in the chain (8 bytes,
big-endian, from 0 on), leaf hash of the entry before (32 bytes; of zeros for the first).

There is no lock and no other connection to wait for: within one connection transactions follow
each other, and those that are rolled back take their entries out of the chain again.
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
    """An entry is missing before one that says that it follows it; the text says so."""


@dataclass(kw_only=True)
class Chain:
    """The end of a connection's chain."""

    writer: bytes
    place: int = 0
    after: bytes = FIRST

    def link(self) -> bytes:
        """What the next entry says."""
        return _FORMAT.pack(self.writer, self.place, self.after)

    def advance(self, leaf: bytes) -> Callable[[], None]:
        """Take an entry's leaf hash as the end; returns what takes it back."""
        place, after = self.place, self.after
        self.place, self.after = place + 1, leaf

        def back() -> None:
            self.place, self.after = place, after

        return back


_chains: "WeakKeyDictionary[Any, Chain]" = WeakKeyDictionary()


def current() -> Chain:
    """The chain of this thread's connection; a new one for a connection that is new."""
    connection.ensure_connection()
    found = _chains.get(connection.connection)
    if found is None:
        found = _chains[connection.connection] = Chain(writer=secrets.token_bytes(8))
    return found


class Followed:
    """Follows every chain through the entries in their order, and finds where one is broken."""

    def __init__(self) -> None:
        self._ends: dict[bytes, tuple[int, bytes]] = {}

    def follow(self, link: bytes | None, leaf: bytes) -> None:
        """Take the next entry. Raises Broken."""
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
