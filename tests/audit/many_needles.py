"""Looking for millions of byte strings in hundreds of megabytes at once.

Every needle is known by its first bytes. numpy compares all positions with a table of these;
the few that may begin a needle are looked at one by one.
"""

from collections.abc import Iterable, Iterator

import numpy as np

PREFIX = 6
_STEP = 4_000_000
_TABLE_BITS = 24
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Needles:
    """What is looked for; a needle has at least PREFIX bytes."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._needles = frozenset(needles)
        self._lengths: dict[bytes, set[int]] = {}
        for needle in self._needles:
            self._lengths.setdefault(needle[:PREFIX], set()).add(len(needle))
        self._longest = max(map(len, self._needles))
        starts = np.frombuffer(b"".join(self._lengths), np.uint8).reshape(-1, PREFIX)
        self._table = np.zeros(1 << _TABLE_BITS, bool)
        self._table[_places(sum(_shifted(starts[:, at], at) for at in range(PREFIX)))] = True

    def found_in(self, stored: bytes) -> Iterator[tuple[bytes, int]]:
        """Every needle that occurs, with its position."""
        for begin in range(0, len(stored), _STEP):
            part = np.frombuffer(stored, np.uint8)[begin : begin + _STEP + PREFIX - 1]
            count = len(part) - PREFIX + 1
            if count <= 0:
                return
            windows = sum(_shifted(part[at : at + count], at) for at in range(PREFIX))
            for offset in np.flatnonzero(self._table[_places(windows)]):
                at = begin + int(offset)
                for length in self._lengths.get(stored[at : at + PREFIX], ()):
                    if (needle := stored[at : at + length]) in self._needles:
                        yield needle, at


def _shifted(column: np.ndarray, at: int) -> np.ndarray:
    return column.astype(np.uint64) << np.uint64(8 * at)


def _places(windows: np.ndarray) -> np.ndarray:
    return (windows * _SPREAD) >> np.uint64(64 - _TABLE_BITS)
