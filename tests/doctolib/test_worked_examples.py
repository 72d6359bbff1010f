"""docs/contributing does what it says: each example is applied, and its own test passes."""

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import pytest

from doctolib.environment import PROJECT_DIR
from tests.support.worked_examples import OutOfDate, apply, copy_of_project

PAGES = sorted((PROJECT_DIR / "docs/contributing").glob("*.md"))


def environment():
    """This run's servers, and a database of the examples' own."""
    address = urlsplit(os.environ["DATABASE_URL"])
    mine = urlunsplit(address._replace(path="/worked_examples"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    for name in ("DOCTOLIB_TEST_DIR", "DOCTOLIB_DATA_DIR"):
        kept.pop(name, None)
    return kept | {"TEST_DATABASE_URL": mine, "TEST_REDIS_URL": os.environ["REDIS_URL"]}


def run(copy, *command):
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}{done.stderr[-3000:]}"
    return done.stdout


def test_there_are_examples():
    names = {page.stem for page in PAGES}
    assert names >= {"message", "rule", "endpoint", "signal", "page"}


def test_the_examples_fit_the_code_and_their_tests_pass(tmp_path):
    copy = copy_of_project(tmp_path)
    tests = [test for page in PAGES for test in apply(page, copy)]
    assert len(tests) >= 5
    run(copy, "manage.py", "makemigrations", "--name", "worked_example", "booking", "practitioners")
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *tests,
        "tests/booking/outbox/test_kinds.py")  # fmt: skip


def test_a_step_that_no_longer_fits_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("In `here.py`:\n\n```diff\n one\n+two\n```\n")
    (tmp_path / "here.py").write_text("one\none\n")
    with pytest.raises(OutOfDate, match="several"):
        apply(page, tmp_path)
    (tmp_path / "here.py").write_text("one\n")
    assert apply(page, tmp_path) == []
    assert (tmp_path / "here.py").read_text() == "one\ntwo\n"
