"""Merkle trees as RFC 9162 (Certificate Transparency 2.0) section 2.1 defines them.

Pure functions over hashes. Where a tree is too large to hold, they ask a `Node` function for the
hash of a complete subtree: `node(level, index)` covers 2**level leaves from index * 2**level on.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
Node = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


class ProofBroken(Exception):
    """A proof does not lead to the root that was claimed."""


def leaf_hash(content: bytes) -> bytes:
    """Hash a leaf: SHA-256(0x00 || content)."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def range_hash(first: int, until: int, node: Node) -> bytes:
    """Hash the leaves [first, until) of a tree; `first` is aligned as RFC 9162 splits them."""
    size = until - first
    if size & (size - 1) == 0:
        return node(size.bit_length() - 1, first // size)
    half = _split(size)
    return node_hash(range_hash(first, first + half, node), range_hash(first + half, until, node))


def root_hash(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves."""
    return range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, node: Node) -> list[bytes]:
    """The inclusion proof of a leaf in the tree of the first `size` leaves (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    first, until = 0, size
    while until - first > 1:
        middle = first + _split(until - first)
        if index < middle:
            path.append(range_hash(middle, until, node))
            until = middle
        else:
            path.append(range_hash(first, middle, node))
            first = middle
    return path[::-1]


def consistency_path(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the first `new` leaves begin with the first `old` (section 2.1.4.1)."""
    if not 0 <= old <= new:
        raise IndexError(f"no consistency between sizes {old} and {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    first, until, whole = 0, new, True
    while old != until:
        middle = first + _split(until - first)
        if old <= middle:
            path.append(range_hash(middle, until, node))
            until = middle
        else:
            path.append(range_hash(first, middle, node))
            first, whole = middle, False
    if not whole:
        path.append(range_hash(first, until, node))
    return path[::-1]


def check_inclusion(
    leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check an inclusion proof (section 2.1.3.2). Raises ProofBroken."""
    if not 0 <= index < size:
        raise ProofBroken("the leaf lies outside the tree")
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    if last or found != root:
        raise ProofBroken("the proof does not lead to the root")


def check_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check a consistency proof (section 2.1.4.2). Raises ProofBroken."""
    if not 0 <= old <= new:
        raise ProofBroken("the tree has shrunk")
    if old in (0, new):
        if path or (old == new and old_root != new_root):
            raise ProofBroken("two roots for one size")
        return
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise ProofBroken("the proof is empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofBroken("the proof is too long")
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise ProofBroken("the proof does not lead from the old root to the new one")


class Frontier:
    """The right edge of a growing tree: enough to append leaves and to know the root."""

    def __init__(self, size: int = 0, node: Node | None = None) -> None:
        """Begin empty, or at `size` with the complete subtrees that `node` gives."""
        self.size = size
        self._peaks: list[tuple[int, bytes]] = []
        first = 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                if node is None:
                    raise ValueError("a tree that is not empty needs its nodes")
                self._peaks.append((level, node(level, first >> level)))
                first += 1 << level

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf's hash; return the inner nodes it completes: (level, index, hash)."""
        completed: list[tuple[int, int, bytes]] = []
        level, found, index = 0, leaf, self.size
        while self._peaks and self._peaks[-1][0] == level:
            found = node_hash(self._peaks.pop()[1], found)
            level, index = level + 1, index >> 1
            completed.append((level, index, found))
        self._peaks.append((level, found))
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of what was added so far."""
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1][1]
        for _level, left in reversed(self._peaks[:-1]):
            found = node_hash(left, found)
        return found
