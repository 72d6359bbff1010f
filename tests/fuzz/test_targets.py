"""Every parser takes any input: it reads it or refuses it, as it says, and within bounds.

`make fuzz` goes on for as long as one likes (tests/fuzz/long.py).
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import registry
from tests.fuzz import targets as _registered  # noqa: F401
from tests.fuzz.parsers import ELSEWHERE, NO_READING, OUR_OWN, functions, parsers
from tests.fuzz.registry import HOSTILE, TARGETS, Target, TooSlow
from tests.fuzz.strategies import inputs, long_inputs, one_part_wrong

EXAMPLES, EXAMPLES_IN_DATABASE = 50, 15


def _cases():
    for name, target in TARGETS.items():
        marks = [pytest.mark.django_db] if target.needs_database else []
        yield pytest.param(target, id=name, marks=marks)


every_target = pytest.mark.parametrize("target", list(_cases()))


@every_target
def test_any_input_is_read_or_refused(target: Target):
    for data in (*target.samples, *HOSTILE, *one_part_wrong(target)):
        target.check(data)

    examples = EXAMPLES_IN_DATABASE if target.needs_database else EXAMPLES

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=inputs(target))
    def takes(data):
        target.check(data)

    takes()


@every_target
def test_work_grows_no_faster_than_the_input(target: Target):
    for data in long_inputs(target):
        target.check(data)


FUZZED = {name for target in TARGETS.values() for name in target.reads}


def test_every_parser_of_the_project_is_fuzzed():
    """A new function that reads a date, a number, JSON or a pattern needs a target."""
    known = FUZZED | set(ELSEWHERE) | OUR_OWN | NO_READING
    assert sorted(parsers() - known) == []


def test_nothing_is_listed_that_is_no_parser_any_more():
    assert sorted((set(ELSEWHERE) | OUR_OWN | NO_READING) - parsers()) == []
    assert sorted(FUZZED - functions()) == []
    assert all(Path(file).exists() for file in ELSEWHERE.values())


def test_a_parser_is_found_by_what_it_calls(tmp_path):
    """The search itself, on a module with a parser of each kind and one function that is none."""
    module = tmp_path / "audit" / "module.py"
    module.parent.mkdir()
    module.write_text(
        "class A:\n    def number(self, text):\n        return int(text)\n"
        "def day(text):\n    return date.fromisoformat(text)\n"
        "def length(period):\n    return int(period.total_seconds())\n"
    )
    assert parsers(tmp_path) == {"audit.module.A.number", "audit.module.day"}


def test_work_that_grows_faster_than_its_input_is_seen(monkeypatch):
    monkeypatch.setattr(registry, "LONGEST_S", 0.05)

    def quadratic(data):
        return sum(a == b for a in data for b in data)

    slow = Target(name="slow", run=quadratic, reads=(), samples=(b"a",), words=(),
                  needs_database=False, longest=2000)  # fmt: skip
    with pytest.raises(TooSlow):
        slow.check(b"a" * 2000)
