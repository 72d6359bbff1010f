"""Mutation testing: `python -m tests.mutation`, or `make mutants` (docs/mutation.md).

MUTANTS_SAMPLE=n takes n mutants of each group, drawn by SEED; MUTANTS_GROUPS=vault,take these
groups alone; MUTANTS_ONLY=text those whose place or change has this text; MUTANTS_SECONDS=60 is
how many seconds of tests one mutant meets at most; MUTANTS_KEEP=1 takes what was measured last
time for which tests reach what; MUTANTS_AGAIN=1 runs only those that were not killed last time;
MUTANTS_FIRST=text runs the tests with this text in their names before all others.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.metadata import version

from tests.mutation.groups import GROUPS, ROOT
from tests.mutation.reached import DIRECTORY, FILE

# Their tests start other processes, which run what is on the disk, or take minutes each, or need
# all communes of the country, which each fork would load anew.
LEFT_OUT = (
    "tests/audit/test_leak_search.py", "tests/browser", "tests/doctolib/test_drill.py",
    "tests/faults", "tests/partners/test_document.py", "tests/practitioners/directory/test_places.py",
    "tests/practitioners/directory/test_search_facts.py", "tests/practitioners/directory/test_search_tables.py",
    "tests/practitioners/directory/test_search_ways_out.py",
    "tests/walks",
)  # fmt: skip
OUTCOMES = ("killed", "timed out", "survived", "not covered")
ENOUGH = 0.85


def _pytest(step: str, *arguments: str) -> int:
    plugin = {"measure": "tests.mutation.reached", "run": "tests.mutation.forked"}[step]
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-p", "no:cacheprovider"]
    ignored = [f"--ignore={path}" for path in LEFT_OUT]
    return subprocess.run(
        [*command, *ignored, *arguments], cwd=ROOT, env={**os.environ, "MUTANTS": step}
    ).returncode


def report(results: list[dict[str, str]]) -> bool:
    """Print a table of each group and all survivors; return whether enough were killed."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    print(f"commit {commit}, mutmut {version('mutmut')}, seed {os.environ.get('SEED', '1')}\n")
    print("| group | mutants | killed | timed out | survived | not covered | share killed |")
    print("|---|---|---|---|---|---|---|")
    is_enough = True
    for group in GROUPS:
        counted = Counter(each["outcome"] for each in results if each["group"] == group)
        total = sum(counted[outcome] for outcome in OUTCOMES)
        if not total:
            continue
        killed, timed_out, survived, uncovered = (counted[outcome] for outcome in OUTCOMES)
        share = (killed + timed_out) / total
        is_enough = is_enough and share >= ENOUGH
        print(
            f"| {group} | {total} | {killed} | {timed_out} | {survived} | {uncovered} |"
            f" {share:.0%} |"
        )
    print()
    for each in results:
        if each["outcome"] not in ("killed", "timed out"):
            where = f"{each['file']}:{each['line']} {each['function'] or '(module)'}"
            print(f"{each['outcome']}: {where}: {each['change']}")
    return is_enough


def main() -> int:
    """Measure, run and report; 1 where a group has too few killed."""
    if not (os.environ.get("MUTANTS_KEEP") and FILE.exists()):
        _pytest("measure", "--tb=line", *sys.argv[1:])
    if code := _pytest("run", "-s", *sys.argv[1:]):
        return code
    lines = (DIRECTORY / "results.jsonl").read_text().splitlines()
    return int(not report([json.loads(line) for line in lines]))


if __name__ == "__main__":
    sys.exit(main())
