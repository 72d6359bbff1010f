"""Runs each mutant in a fork of one warm process: everything is loaded, collected and migrated once.

A pytest plugin: `-p tests.mutation.forked`. A fork has a copy of the test database of its own
where a test commits or a fork was killed, so that what a mutant leaves behind is in no other
one's way: the record is append-only, and takes no entry back.
"""

import gc
import importlib
import json
import mmap
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

from tests.mutation.groups import ROOT
from tests.mutation.mutants import Mutant, sample
from tests.mutation.put_in import CannotBePutIn, Living, module_name, put_in
from tests.mutation.reached import DIRECTORY, Reached

COPY = "doctolib_mutant"
RESULTS = DIRECTORY / "results.jsonl"
SURVIVED, KILLED, UNSUITABLE = 0, 1, 3
# How many times its usual duration a test may take, and how many seconds on top.
FACTOR, MARGIN_S = 5, 15
WARM = 12


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a mutant: killed, survived, timed out, not covered, or unsuitable."""

    group: str
    file: str
    line: int
    function: str
    change: str
    outcome: str
    by: str = ""
    tests: int = 0
    seconds: float = 0.0


class _Copies:
    """Copies of the migrated test database, one at a time; made anew once one is spoilt."""

    def __init__(self) -> None:
        self.original = connection.settings_dict["NAME"]
        self.is_clean = False

    def prepare(self) -> None:
        if self.is_clean:
            return
        self.drop()
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", COPY, self.original)
        self.is_clean = True

    def drop(self) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", COPY)

    def _run(self, statement: str, *names: str) -> None:
        known = connection.settings_dict
        with psycopg.connect(
            dbname="postgres", host=known["HOST"], port=known["PORT"] or None, user=known["USER"],
            password=known["PASSWORD"], autocommit=True,
        ) as server:  # fmt: skip
            server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    names = getattr(item, "fixturenames", ())
    return bool(mark and mark.kwargs.get("transaction")) or bool(
        {"transactional_db", "live_server", "django_db_reset_sequences"} & set(names)
    )


class Runner:
    """Runs a sample of mutants against the tests that reach them."""

    def __init__(self, session: pytest.Session, *, seconds: float) -> None:
        self.session, self.at_most = session, seconds
        self.reached = Reached.read()
        self.items = {item.nodeid: item for item in session.items}
        texts = tuple(filter(None, os.environ.get("MUTANTS_FIRST", "").split(",")))
        self.first = [name for name in self.items if any(text in name for text in texts)]
        self.killers: dict[tuple[Path, str], list[str]] = {}
        # Tests that fail or hang in a fork without any mutant, or do not.
        self.trusted: dict[str, bool] = {}
        # Which of its tests a fork is at: what it hangs in, if it does.
        self.at = mmap.mmap(-1, 4)
        self.copies: _Copies
        self.living: Living

    def warm_up(self, files: set[Path]) -> None:
        """Run a few tests, so that what comes up late is up; then let go of every connection."""
        quick = sorted(
            (each for each, item in self.items.items() if not _commits(item)),
            key=lambda each: self.reached.seconds.get(each, 0.0),
        )
        # Each of these takes the database up; one that commits would leave its entries in it.
        warm = [each for each in quick if self.reached.seconds.get(each, 0.0) > 0.03][:WARM]
        for name in warm:
            for report in runtestprotocol(
                self.items[name],
                log=False,
                nextitem=self.session,  # type: ignore[arg-type]
            ):
                if report.failed:
                    raise pytest.UsageError(f"{name} fails without a mutant: {report.longrepr}")
        for path in files:
            importlib.import_module(module_name(path))
        connections.close_all()
        self.copies = _Copies()
        self.living = Living.find(files)
        gc.freeze()

    def run(self, mutant: Mutant) -> Result:
        """Run the tests that reach a mutant until one fails."""
        begun = time.monotonic()
        while True:
            items = self._chosen(mutant)
            outcome, by = self._fork(mutant, items) if items else ("not covered", "")
            if outcome not in ("killed", "timed out") or self._is_trusted(by):
                break
        if outcome == "killed":
            killers = self.killers.setdefault((mutant.path, mutant.function), [])
            if by in killers:
                killers.remove(by)
            killers.insert(0, by)
        return Result(
            group=mutant.group, file=str(mutant.path.relative_to(ROOT)), line=mutant.lines[0],
            function=mutant.function, change=mutant.change, outcome=outcome, by=by,
            tests=len(items), seconds=round(time.monotonic() - begun, 1),
        )  # fmt: skip

    def _chosen(self, mutant: Mutant) -> list[pytest.Item]:
        """At most so many seconds of tests: recent killers first, and those that commit last.

        Before all others, measured or not, come the tests that MUTANTS_FIRST names.
        """
        names = self.reached.by(mutant)
        known = self.killers.get((mutant.path, mutant.function), [])
        names = [*self.first, *(each for each in known if each in names), *names]
        left, chosen = self.at_most, []
        for name in dict.fromkeys(names):
            item = self.items.get(name)
            if item is None or not self.trusted.get(name, True):
                continue
            seconds = self.reached.seconds.get(name, 0.0)
            if chosen and name not in self.first and seconds > left:
                continue
            left -= seconds
            chosen.append(item)
        return sorted(chosen, key=_commits)

    def _is_trusted(self, name: str) -> bool:
        if name not in self.trusted and name:
            outcome, _by = self._fork(None, [self.items[name]])
            self.trusted[name] = outcome == "survived"
        return self.trusted.get(name, True)

    def _fork(self, mutant: Mutant | None, items: list[pytest.Item]) -> tuple[str, str]:
        self.copies.prepare()
        connections.close_all()
        reader, writer = os.pipe()
        self.at[:4] = bytes(4)
        child = os.fork()
        if not child:
            os.close(reader)
            self._be_the_fork(mutant, items, writer)
        os.close(writer)
        seconds = sum(self.reached.seconds.get(item.nodeid, 5.0) for item in items)
        status = _wait(child, seconds=seconds * FACTOR + MARGIN_S)
        with os.fdopen(reader, "rb") as pipe:
            by, _, why = pipe.read().decode(errors="replace").partition("\n")
        if status is None or any(_commits(item) for item in items):
            self.copies.is_clean = False
        if status is None:
            by, why = items[int.from_bytes(self.at[:4])].nodeid, "it took too long"
        if mutant is None and status != SURVIVED:
            print(f"counts no more, since it fails without a mutant: {by}\n{why}", flush=True)
        outcomes = {SURVIVED: "survived", UNSUITABLE: "unsuitable", None: "timed out"}
        return outcomes.get(status, "killed"), by

    def _be_the_fork(self, mutant: Mutant | None, items: list[pytest.Item], writer: int) -> None:
        """Never return: whatever happens in here is not the first process's."""
        code = KILLED
        try:
            os.setsid()
            void = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(void, stream)
            connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = COPY
            code = self._test(mutant, items, writer)
        except BaseException as problem:
            os.write(writer, f"{type(problem).__name__}: {problem}".encode()[:500])
        finally:
            os._exit(code)

    def _test(self, mutant: Mutant | None, items: list[pytest.Item], writer: int) -> int:
        if mutant is not None:
            try:
                put_in(mutant, self.living)
            except (CannotBePutIn, SyntaxError) as problem:
                os.write(writer, str(problem).encode())
                return UNSUITABLE
        session: Any = self.session
        for number, item in enumerate(items):
            self.at[:4] = number.to_bytes(4)
            for report in runtestprotocol(item, log=False, nextitem=session):
                if report.failed:
                    os.write(writer, f"{item.nodeid}\n{report.longreprtext}".encode()[:4000])
                    return KILLED
        return SURVIVED


def _wait(child: int, *, seconds: float) -> int | None:
    """Return a fork's exit code, or None once it has taken too long and was killed."""
    until = time.monotonic() + seconds
    pause = 0.002
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(0.05, pause * 1.2)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _key(mutant: Mutant) -> tuple[str, str, str]:
    return str(mutant.path.relative_to(ROOT)), mutant.function, mutant.change


def _killed_before() -> dict[tuple[str, str, str], Result]:
    """The mutants that were killed in the last run."""
    known = [Result(**json.loads(line)) for line in RESULTS.read_text().splitlines()]
    return {
        (each.file, each.function, each.change): each for each in known if each.outcome == "killed"
    }


class _Forking:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        size = os.environ.get("MUTANTS_SAMPLE", "")
        groups = tuple(filter(None, os.environ.get("MUTANTS_GROUPS", "").split(",")))
        mutants = sample(
            size=int(size) if size else None,
            seed=os.environ.get("SEED", "1"),
            **({"groups": groups} if groups else {}),
        )
        only = os.environ.get("MUTANTS_ONLY", "")
        mutants = [each for each in mutants if only in f"{each.name} {each.change}"]
        runner = Runner(session, seconds=float(os.environ.get("MUTANTS_SECONDS", "60")))
        runner.warm_up({mutant.path for mutant in mutants})
        killed = _killed_before() if os.environ.get("MUTANTS_AGAIN") else {}
        with RESULTS.open("w") as results:
            for number, mutant in enumerate(mutants, start=1):
                result = killed.get(_key(mutant)) or runner.run(mutant)
                results.write(json.dumps(asdict(result)) + "\n")
                results.flush()
                line = (
                    f"{number}/{len(mutants)} {result.outcome} ({result.seconds} s, {result.tests})"
                )
                print(f"{line} {mutant.name}: {mutant.change}", flush=True)
        runner.copies.drop()
        return True


def pytest_configure(config: pytest.Config) -> None:
    """Run mutants in the place of tests."""
    if os.environ.get("MUTANTS") == "run":
        config.pluginmanager.register(_Forking())
