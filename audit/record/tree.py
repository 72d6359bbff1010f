"""The stored tree: complete subtrees at heights of 8 levels, everything else folded from them."""

from django.db import connection

from audit.record import merkle

# C2SP tlog-tiles: a tile holds 2**8 hashes of one height.
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS


class NotInTree(Exception):
    """No such tile, leaf or tree size."""


def size() -> int:
    """How many entries are sealed: the size of the newest checkpoint."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(size), 0) FROM audit_checkpoint")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def hashes(*, height: int, first: int, count: int) -> list[bytes]:
    """Read consecutive hashes of a height. Raises NotInTree when some are missing."""
    with connection.cursor() as cursor:
        if height == 0:
            cursor.execute(
                "SELECT hash FROM audit_leaf WHERE index >= %s AND index < %s ORDER BY index",
                [first, first + count],
            )
        else:
            cursor.execute(
                "SELECT hash FROM audit_subtree"
                " WHERE height = %s AND index >= %s AND index < %s ORDER BY index",
                [height, first, first + count],
            )
        found = [bytes(row[0]) for row in cursor.fetchall()]
    if len(found) != count:
        raise NotInTree(f"height {height}: {len(found)} of {count} hashes from {first} on")
    return found


class StoredTree:
    """Answers for complete subtrees of the first `size` leaves, keeping the tiles it read."""

    def __init__(self, tree_size: int) -> None:
        self.size = tree_size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree, folded from one tile. Raises NotInTree."""
        height, rest = divmod(level, TILE_LEVELS)
        first = index << rest
        row = self._tile(height, first // TILE_WIDTH)
        offset = first % TILE_WIDTH
        found = row[offset : offset + (1 << rest)]
        if len(found) != 1 << rest:
            raise NotInTree(f"level {level}, index {index}")
        while len(found) > 1:
            found = [merkle.node_hash(found[n], found[n + 1]) for n in range(0, len(found), 2)]
        return found[0]

    def _tile(self, height: int, number: int) -> list[bytes]:
        if (height, number) not in self._tiles:
            self._tiles[height, number] = tile(height=height, number=number, tree_size=self.size)
        return self._tiles[height, number]


def tile(*, height: int, number: int, tree_size: int, width: int | None = None) -> list[bytes]:
    """The hashes of a tile of the tree of `tree_size`, or its first `width`. Raises NotInTree."""
    complete = tree_size >> (TILE_LEVELS * height)
    there = min(TILE_WIDTH, complete - number * TILE_WIDTH)
    wanted = there if width is None else width
    if height < 0 or number < 0 or not 0 < wanted <= there:
        raise NotInTree(f"tile {height}/{number}")
    return hashes(height=height, first=number * TILE_WIDTH, count=wanted)
