"""Inputs for the targets: written from the words of each format, and good ones that were spoilt."""

from copy import deepcopy
from typing import Any

import orjson
from hypothesis import strategies as st

from tests.fuzz.registry import HOSTILE, Target

_WRONG = st.sampled_from(
    [None, True, 0, -1, 1.5, 2**63, "", "x", "2026", [], {}, [None], [[]], {"a": None}]
).map(deepcopy)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Inputs for a target, about half of which its parser reads to the end."""
    words = st.sampled_from([*target.words, *HOSTILE[:12], b"0", b"1", b"a", "é".encode()])
    kinds = [_spoilt(target, words), st.lists(words, max_size=12).map(b"".join)]
    if values := [value for value in map(_value, target.samples) if isinstance(value, dict | list)]:
        kinds += [reshaped(values)] * 2
    return st.one_of(*kinds, st.text(max_size=40).map(str.encode), st.binary(max_size=40))


def one_part_wrong(target: Target) -> list[bytes]:
    """Samples of JSON, each part in turn absent, empty or of another type."""
    found = []
    for value in map(_value, target.samples):
        for number in range(len(list(_places(value)))):
            for wrong in (None, [], [None], {}, "x", 7):
                whole = deepcopy(value)
                parent, key = list(_places(whole))[number]
                parent[key] = wrong
                found.append(orjson.dumps(whole))
    return found


def long_inputs(target: Target) -> list[bytes]:
    """What makes work grow: each sample and each word again and again, and some that never end."""
    return [
        (part * (target.longest // len(part) + 1))[: target.longest]
        for part in dict.fromkeys([*target.samples[:2], *target.words, b"a", b"0", b" ", b"\n"])
        if part
    ]


@st.composite
def _spoilt(draw: st.DrawFn, target: Target, words: st.SearchStrategy[bytes]) -> bytes:
    """A sample with some of it taken out, put in, doubled or exchanged."""
    data = draw(st.sampled_from(target.samples))
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, len(data)))
        last = min(len(data), first + draw(st.integers(0, 12)))
        kind = draw(st.sampled_from(["out", "in", "double", "other", "end"]))
        if kind == "out":
            data = data[:first] + data[last:]
        elif kind == "in":
            data = data[:first] + draw(words) + data[first:]
        elif kind == "double":
            data = data[:last] + data[first:]
        elif kind == "end":
            data = data[:first]
        else:
            data = data[:first] + draw(words) + data[last:]
    return data


@st.composite
def reshaped(draw: st.DrawFn, values: list[Any]) -> bytes:
    """A value of JSON whose parts are of other types, absent, or twice there."""
    whole = orjson.loads(orjson.dumps(draw(st.sampled_from(values))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        parent[key] = draw(st.one_of(_WRONG, st.just(parent[key]), st.just([parent[key]] * 2)))
    return orjson.dumps(whole)


def _places(value: Any) -> Any:
    if not isinstance(value, dict | list):
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(pairs):
        yield value, key
        yield from _places(each)


def _value(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
