"""What the benchmarks share: servers of their own, rows to measure on, one way to print."""

import argparse
import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@contextmanager
def own_servers() -> Iterator[Path]:
    """Start embedded servers in a directory of their own, migrate, and set Django up."""
    directory = Path(tempfile.mkdtemp(prefix="doctolib-bench-"))
    os.environ["DOCTOLIB_DATA_DIR"] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "doctolib.settings"
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    from doctolib.servers import ensure_servers

    # Registered before the servers are, so that it runs after they have stopped.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    ensure_servers(directory)
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    try:
        yield directory
    finally:
        connections.close_all()


def arguments(description: str, **numbers: int) -> argparse.Namespace:
    """Read --json and whole numbers, each with its default."""
    return argument_parser(description, **numbers).parse_args()


def argument_parser(description: str, **numbers: int) -> argparse.ArgumentParser:
    """Make what reads them, for a benchmark that has more to ask."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    for name, default in numbers.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return parser


def report(figures: dict[str, object], *, as_json: bool) -> None:
    """Print the figures, as one JSON object or a line each."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<28} {value:.3f}" if isinstance(value, float) else f"{name:<28} {value}")
