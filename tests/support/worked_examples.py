"""The worked examples of docs/contributing, applied to a copy of the project as they say."""

import re
import shutil
import subprocess
from pathlib import Path

from doctolib.environment import PROJECT_DIR

FENCE = re.compile(
    r"(?:(?P<new>New file|[Ii]n) `(?P<path>[^`]+)`[^`]*?:\n\n)?"
    r"```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.S | re.M,
)


class OutOfDate(AssertionError):
    """A step of an example no longer fits the code."""


def steps(page: Path):
    """Yield each step of an example: the file, whether it is new, and its lines."""
    path, is_new = None, False
    for found in FENCE.finditer(page.read_text()):
        if found["path"]:
            path, is_new = found["path"], found["new"] == "New file"
        yield path, is_new and found["kind"] != "diff", found["text"]


def apply(page: Path, project: Path) -> list[str]:
    """Take the steps of an example; return the tests that it adds. Raises OutOfDate."""
    tests = []
    for path, is_new, text in steps(page):
        file = project / path
        if is_new:
            if file.exists():
                raise OutOfDate(f"{page.name}: {path} is there already")
            file.write_text(text)
            if file.name.startswith("test_"):
                tests.append(path)
            continue
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        was = file.read_text()
        if was.count(before) != 1:
            raise OutOfDate(f"{page.name}: {path} has no such place, or several:\n{before}")
        file.write_text(was.replace(before, after))
    return tests


def copy_of_project(directory: Path) -> Path:
    """Copy what the project's processes and tests read."""
    copy = directory / "copy"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT_DIR, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, tracked):
        if (PROJECT_DIR / name).is_file() and not name.startswith(("findings/", "bench/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_DIR / name, copy / name)
    return copy
