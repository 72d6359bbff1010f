"""Fuzz every parser for long, guided by what of the code an input reaches: `make fuzz`.

    python -m tests.fuzz.long [--seconds 60] [TARGET ...]

Each target runs in a process of its own under atheris, which mutates what reached something new.
What it found so lies in .doctolib/fuzz/TARGET/ and is where the next run begins. An input that
breaks a contract, or takes more than two seconds, is kept there as crash-..., and the run fails;
`python -m tests.fuzz.long --input FILE TARGET` runs it again. The servers are those of the tests,
in a folder that goes away with the run.
"""

import argparse
import atexit
import io
import os
import re
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import NoReturn

import atheris

from tests.fuzz.registry import HOSTILE, TARGETS

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("FUZZ_DIR") or ROOT / ".doctolib" / "fuzz")
LONGEST_BYTES = 8192
# What is instrumented: our own code, and what reads files for us.
OURS = ["audit", "booking", "doctolib", "partners", "practitioners", "icalendar", "puremagic"]
_RUNS = re.compile(r"stat::number_of_executed_units:\s+(\d+)|^Done (\d+) runs", re.MULTILINE)
_COVERED = re.compile(r"cov: (\d+)")


def main() -> int:
    """Run the targets one after the other; returns 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("targets", nargs="*", help="all of them, if none is named")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS") or 60))
    parser.add_argument("--input", type=Path, help="run this input once, and nothing else")
    options = parser.parse_args()
    _begin()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target is called {', '.join(sorted(unknown))}")
    named = options.targets or list(TARGETS)
    if options.input:
        TARGETS[named[0]].check(options.input.read_bytes())
        return 0
    print(f"{len(named)} targets, {options.seconds} s each; kept in {FOLDER}", flush=True)
    failed = [name for name in named if not _run(name, seconds=options.seconds)]
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return bool(failed)


def _begin() -> None:
    """Start the tests' servers, make their tables, and import everything instrumented.

    The processes of the targets are forked from this one, so that all of it is done once.
    """
    from tests import servers  # noqa: F401 - starts them

    os.environ["DJANGO_SETTINGS_MODULE"] = "doctolib.settings"
    # It says of each module that it was instrumented.
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=OURS):
        import django

        django.setup()
        from tests.fuzz import targets  # noqa: F401 - registers them
    from django.core.management import call_command
    from django.db import connections

    from audit.redis_client import redis_client
    from practitioners.domain import reference_data

    call_command("migrate", verbosity=0)
    reference_data.load_specialties()
    reference_data.load_communes()
    connections.close_all()
    redis_client().connection_pool.disconnect()


def _run(name: str, *, seconds: int) -> bool:
    """Fuzz one target in a process of its own; say how far it came, and whether it held."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    _keep_samples(name, folder)
    log = FOLDER / f"{name}.log"
    child = os.fork()
    if not child:
        _fuzz(name, seconds=seconds, log=log)
    _pid, status = os.waitpid(child, 0)
    said = log.read_text(encoding="utf-8", errors="replace")
    counted = [int(one or other) for one, other in _RUNS.findall(said)]
    covered = _COVERED.findall(said)
    print(
        f"{name:34} {max(counted, default=0):>11,} inputs in {seconds} s,"
        f" {covered[-1] if covered else '?':>5} places{'' if status == 0 else '  FAILED'}",
        flush=True,
    )
    if status:
        print(said[-6000:], flush=True)
    return status == 0


def _keep_samples(name: str, folder: Path) -> None:
    """Begin with good inputs, and with the words that they are made of."""
    target = TARGETS[name]
    for number, sample in enumerate((*target.samples, *HOSTILE)):
        (folder / f"sample-{number}").write_bytes(sample)
    words = [word for word in dict.fromkeys(target.words) if word and len(word) < 60]
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in words]
    (FOLDER / f"{name}.dict").write_text("\n".join(lines) + "\n", encoding="ascii")


def _fuzz(name: str, *, seconds: int, log: Path) -> NoReturn:
    """Run one target under atheris, in a process of its own; what it says goes to the log."""
    # The servers are the parent's to stop.
    atexit._clear()
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    folder = FOLDER / name
    atheris.Setup(
        [
            name, f"-max_total_time={seconds}", f"-max_len={LONGEST_BYTES}", "-timeout=20",
            "-rss_limit_mb=3000", "-print_final_stats=1", f"-artifact_prefix={folder}/",
            f"-dict={FOLDER / name}.dict", str(folder),
        ],
        TARGETS[name].check,
    )  # fmt: skip
    atheris.Fuzz()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
