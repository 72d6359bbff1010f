"""What a fuzz target is, and the list of all of them.

A target takes any bytes, gives them to one parser as production does, and checks its contract: it
returns what its docstring says, or raises the error that its docstring names, and nothing else,
within a bounded time.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

# CPU seconds that no input may take: work that grows faster than its input shows here.
LONGEST_S = 2.0
# Bytes of the longest inputs; what takes files reads these slowly but steadily.
LONG, LONG_FILE = 100_000, 20_000
# Written in what is no number, no date and no address in any format of ours.
HOSTILE = (
    b"", b" ", b"\n", b"\x00", b"\xff", b"\xef\xbb\xbf", "\u00b2".encode(), "\u0663".encode(),
    "\u2028".encode(), "\u202e".encode(), "\U0001f600".encode(), "\u0130".encode(), b"-", b"+",
    b"0" * 5000, b"9" * 20, b"9" * 5000, b"-" + b"9" * 400, b"1e400", b"NaN", b"Infinity", b"null",
    b"[" * 3000, b'{"a":' * 3000, b"=" * 40, b"%00", b"%", b"//", b"http://[", b"::", b"A" * 3000,
    b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"10000-01-01", b"24:00",
    "\u2014".encode(), "e\u0301".encode() * 500,
)  # fmt: skip


class TooSlow(AssertionError):
    """An input took more than LONGEST_S of the processor."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One parser to be fuzzed.

    `reads`: the functions that it runs, by module and name; `samples`: good inputs; `words`: what
    inputs are made of; `needs_database`: whether the parser asks it.
    """

    name: str
    run: Callable[[bytes], object] = field(repr=False)
    reads: tuple[str, ...]
    samples: tuple[bytes, ...]
    words: tuple[bytes, ...]
    needs_database: bool
    longest: int

    def check(self, data: bytes) -> None:
        """Run the parser on an input; raises whatever breaks its contract."""
        began = time.process_time()
        try:
            self.run(data)
        except BaseException as error:
            error.add_note(f"{self.name} of {len(data)} bytes: {data[:300]!r}")
            raise
        took = time.process_time() - began
        if took > LONGEST_S:
            raise TooSlow(f"{self.name}: {took:.1f} s for {len(data)} bytes: {data[:60]!r}")


TARGETS: dict[str, Target] = {}


def target(
    *reads: str,
    samples: tuple[str | bytes, ...],
    words: tuple[str | bytes, ...] = (),
    takes: str = "text",
    needs_database: bool = False,
    longest: int = LONG,
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a target. `takes`: bytes, a text, a header's text (Latin 1) or a value of JSON."""

    def register(run: Callable[..., object]) -> Callable[..., object]:
        name = run.__name__
        assert name not in TARGETS
        TARGETS[name] = Target(
            name=name,
            run=partial(_given, run, takes),
            reads=reads,
            samples=tuple(map(_bytes, samples)),
            words=tuple(map(_bytes, words)),
            needs_database=needs_database,
            longest=longest,
        )
        return run

    return register


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _given(run: Callable[..., object], takes: str, data: bytes) -> object:
    if takes == "bytes":
        return run(data)
    if takes == "header":
        return run(data.decode("latin-1"))
    if takes == "json":
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        return run(value)
    return run(data.decode("utf-8", errors="replace"))


@contextmanager
def refuses(*errors: type[BaseException]) -> Iterator[None]:
    """Let the errors pass that a parser's docstring names, and no other."""
    with suppress(*errors):
        yield


def scratch(name: str) -> Path:
    """A file that a target may write, of this process alone."""
    folder = os.environ.get("DOCTOLIB_TEST_DIR") or tempfile.gettempdir()
    return Path(folder, f"fuzz-{os.getpid()}-{name}")
