"""Run everything that computes from today under other clocks: `python -m tests.clocks [--sample]`.

`make clocks` runs every clock below in two time zones, outside CI; `--sample` runs three of them, as
`make test` does. Which tests compute from today is read off their files, so that a new one is
included.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
# By the wall clock in Paris: where days, weeks, years, public holidays and clock changes turn.
CLOCKS = {
    "a Friday four weeks before Christmas": "2026-11-27T15:00:00+01:00",
    "Christmas Eve": "2026-12-24T10:00:00+01:00",
    "Christmas Day": "2026-12-25T10:00:00+01:00",
    "New Year's Eve, five minutes before midnight": "2026-12-31T23:55:00+01:00",
    "Good Friday": "2027-03-26T10:00:00+01:00",
    "the night the clocks go forward": "2027-03-28T01:30:00+01:00",
    "Labour Day": "2027-05-01T10:00:00+02:00",
    "an evening, five minutes before midnight": "2027-06-15T23:55:00+02:00",
    "the night the clocks go back": "2027-10-31T02:30:00+02:00",
    "a leap day": "2028-02-29T10:00:00+01:00",
}
ZONES = ("UTC", "Pacific/Noumea")
# One at a year's end and midnight, one at a clock change, one on the day of a known failure.
SAMPLE = (
    ("a Friday four weeks before Christmas", "UTC"),
    ("New Year's Eve, five minutes before midnight", "Pacific/Noumea"),
    ("the night the clocks go forward", "UTC"),
)
FROM_TODAY = re.compile(r"\btoday\(\)|timezone\.now\(|datetime\.now\(|localdate\(|time\.time\(")
# Minutes each, and nothing in them depends on the day: they run in every suite.
SLOW = (
    "audit/test_leak_search.py",
    "doctolib/test_drill.py",
    "faults",
    "walks",
    "browser/test_video.py",
)
# Hundreds of questions each, of which few read the clock: left out of the sample.
LARGE = ("abuse/test_access.py", "abuse/test_partner_access.py")
# The clock of the sample that meets every file; the others meet one half each.
WHOLE = "New Year's Eve, five minutes before midnight"
# The sample's browser tests: booking signed in and signed out, and a series over the weeks.
SAMPLE_IN_BROWSER = (
    "browser/test_any_order.py::test_signing_in_with_a_password_first",
    "browser/test_single_pages.py::test_a_series_is_taken_in_one_go",
)


def files_from_today() -> list[Path]:
    """Return the test files that read the suite's clock themselves."""
    found = [each for each in TESTS.rglob("test_*.py") if FROM_TODAY.search(each.read_text())]
    return sorted(each for each in found if not str(each.relative_to(TESTS)).startswith(SLOW))


def sample(files: list[Path]) -> list[tuple[str, str, list[str]]]:
    """Return three runs, a clock, a zone and what to run: all files once, and each half once more."""
    quick = [
        str(each) for each in files if "browser" not in each.parts and not str(each).endswith(LARGE)
    ]
    in_browser = [str(TESTS / each) for each in SAMPLE_IN_BROWSER]
    halves = [quick[::2], quick[1::2]]
    return [
        (clock, zone, (quick if clock == WHOLE else halves.pop()) + in_browser)
        for clock, zone in SAMPLE
    ]


def run(*, clock: str, zone: str, what: list[str]) -> bool:
    """Run the tests with the clock at a time, on a machine in a zone; say whether they passed."""
    print(f"\n{clock} ({CLOCKS[clock]}), machine in {zone}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "load", *what]
    variables = {**os.environ, "TEST_CLOCK": CLOCKS[clock], "TZ": zone}
    # The runs of a sample are no suites: what they skip was told before.
    variables.pop("CI", None)
    return subprocess.run(command, env=variables, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", action="store_true", help="three clocks, few browser tests")
    is_sample = parser.parse_args().sample
    files = files_from_today()
    whole = [str(each) for each in files]
    if is_sample:
        runs = sample(files)
    else:
        runs = [(clock, zone, whole) for clock in CLOCKS for zone in ZONES]
    failed = [each for each in runs if not run(clock=each[0], zone=each[1], what=each[2])]
    for clock, zone, _what in failed:
        print(f"FAILED under {clock}, machine in {zone}")
    print(f"{len(runs) - len(failed)} of {len(runs)} clocks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
