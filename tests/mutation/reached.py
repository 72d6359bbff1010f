"""Which tests reach which line of the mutated files, and how long each takes: measured once.

A pytest plugin: `-p tests.mutation.reached` runs the tests as ever and writes DIRECTORY/reached.json.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.mutation.groups import GROUPS, ROOT, files_of
from tests.mutation.mutants import Mutant
from tests.mutation.probes import Probes

DIRECTORY = ROOT / os.environ.get("MUTANTS_DIR", ".mutants")
FILE = DIRECTORY / "reached.json"


@dataclass(kw_only=True)
class Reached:
    """What the measuring run found."""

    seconds: dict[str, float] = field(default_factory=dict)
    # file: line: the tests that ran it.
    tests: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Reached":
        """Read what a measuring run has written. Raises FileNotFoundError."""
        known = json.loads(FILE.read_text())
        names: list[str] = known["names"]
        return cls(
            seconds=dict(zip(names, known["seconds"], strict=True)),
            tests={
                file: {int(line): [names[each] for each in tests] for line, tests in lines.items()}
                for file, lines in known["tests"].items()
            },
        )

    def write(self) -> None:
        """Keep it for later runs; tests are named once."""
        names = sorted(self.seconds)
        number = {name: place for place, name in enumerate(names)}
        known = {
            "names": names,
            "seconds": [round(self.seconds[name], 3) for name in names],
            "tests": {
                file: {line: sorted(number[each] for each in tests if each in number)
                       for line, tests in lines.items()}
                for file, lines in self.tests.items()
            },
        }  # fmt: skip
        FILE.write_text(json.dumps(known))

    def add(self, earlier: "Reached") -> None:
        """Take in what an earlier run found about tests that this one has not run."""
        for file, lines in earlier.tests.items():
            for line, tests in lines.items():
                here = self.tests.setdefault(file, {}).setdefault(line, [])
                here += [test for test in tests if test not in self.seconds]
        self.seconds = earlier.seconds | self.seconds

    def by(self, mutant: Mutant) -> list[str]:
        """The tests that reach a mutant, those first that do little else in its group's files.

        A function's defaults and a module's constants are run when they are imported: of these,
        the tests that reach the function, or the file, at all.
        """
        lines = self.tests.get(str(mutant.path.relative_to(ROOT)), {})
        found = self._of(lines, mutant.lines)
        if mutant.is_of_head:
            found = self._of(lines, mutant.function_lines)
        elif not mutant.function:
            found = {test for tests in lines.values() for test in tests}
        here = self._count(lines)
        everywhere = self._everywhere()
        return sorted(
            found,
            key=lambda test: (-round(here[test] / everywhere[test], 1), self.seconds[test], test),
        )

    @staticmethod
    def _of(lines: dict[int, list[str]], span: tuple[int, int]) -> set[str]:
        return {test for line in range(span[0], span[1] + 1) for test in lines.get(line, ())}

    @staticmethod
    def _count(lines: dict[int, list[str]]) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for tests in lines.values():
            for test in tests:
                counts[test] += 1
        return counts

    def _everywhere(self) -> dict[str, int]:
        if not hasattr(self, "_all"):
            self._all: dict[str, int] = defaultdict(int)
            for lines in self.tests.values():
                for test, count in self._count(lines).items():
                    self._all[test] += count
        return self._all


class _Measuring:
    def __init__(self) -> None:
        self.files = [path for group in GROUPS for path in files_of(group)]
        self.reached = Reached()
        self.probes: Probes
        self._seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()
        self._lines: dict[tuple[str, int], list[str]] = defaultdict(list)
        DIRECTORY.mkdir(parents=True, exist_ok=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        self.probes = Probes(self.files)
        try:
            return (yield)
        finally:
            self._keep()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        list(self.probes.take())
        try:
            return (yield)
        finally:
            for path, first, last in self.probes.take():
                for line in range(first, last + 1):
                    self._lines[str(path.relative_to(ROOT)), line].append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if not report.passed:
            self._failed.add(report.nodeid)

    def _keep(self) -> None:
        """Leave out tests that failed or were skipped: they say nothing about a mutant."""
        for test, seconds in self._seconds.items():
            if test not in self._failed:
                self.reached.seconds[test] = seconds
        for (file, line), tests in self._lines.items():
            known = list(dict.fromkeys(test for test in tests if test in self.reached.seconds))
            self.reached.tests.setdefault(file, {})[line] = known
        if os.environ.get("MUTANTS_ADD") and FILE.exists():
            self.reached.add(Reached.read())
        self.reached.write()


def pytest_configure(config: pytest.Config) -> None:
    """Measure this run."""
    if os.environ.get("MUTANTS") == "measure":
        config.pluginmanager.register(_Measuring())
