"""The witness that we offer, static/record/witness.py, as the process that somebody else runs.

Nothing of the project is in its sight: it shares no code with what it witnesses.
"""

import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audit.record import notes

PROGRAM = Path(__file__).resolve().parents[2] / "static/record/witness.py"
NAME = "witness.example/w1"


@dataclass(kw_only=True)
class WitnessProcess:
    """A witness with a state of its own on the disk; started and killed as often as one likes."""

    state: Path
    log: str
    name: str = NAME
    url: str = ""
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    @property
    def key(self) -> notes.VerifierKey:
        return notes.VerifierKey.parse(self._run("key", "--name", self.name).stdout)

    def start(self) -> str:
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM), "serve", "--state", str(self.state), "--log", self.log,
             "--listen", "127.0.0.1:0"],
            cwd="/", stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")
        return self.url

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, body: bytes, *, path: str = "/add-checkpoint") -> tuple[int, str, str]:
        """The status, the type and the text of the answer to a body."""
        request = urllib.request.Request(f"{self.url}{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    def _run(self, action: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-I", str(PROGRAM), action, "--state", str(self.state), *arguments],
            cwd="/", capture_output=True, text=True, check=True,
        )  # fmt: skip


@contextmanager
def running(state: Path, log: notes.VerifierKey):
    """A witness for our record, until the end of the block."""
    witness = WitnessProcess(state=state, log=str(log))
    assert witness.key.type == notes.COSIGNATURE
    witness.start()
    try:
        yield witness
    finally:
        witness.kill()
