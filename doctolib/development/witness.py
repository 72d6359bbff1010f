"""The witness of the demo's record: the one that we offer, as a process of its own."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from audit.record import verify
from doctolib.environment import PROJECT_DIR

NAME = "localhost/temoin"
_PROGRAM = [sys.executable, "-I", str(PROJECT_DIR / "static/record/witness.py")]


def setting_of(port: int) -> str:
    """What DOCTOLIB_WITNESSES says of it; makes its key at the first time."""
    made = subprocess.run(  # noqa: S603 - our own program
        [*_PROGRAM, "key", "--state", str(_state()), "--name", NAME],
        check=True,
        capture_output=True,
        text=True,
    )
    return f"{made.stdout.strip()} http://127.0.0.1:{port}"


def command_of(port: int) -> list[str]:
    """The process that cosigns this record."""
    log = str(verify.public_key())
    listen = f"127.0.0.1:{port}"
    serve = [*_PROGRAM, "serve", "--quiet", "--state", str(_state())]
    return [*serve, "--log", log, "--listen", listen]


def _state() -> Path:
    return Path(settings.DATA_DIR) / "witness"
