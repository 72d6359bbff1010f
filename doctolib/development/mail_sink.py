"""A real SMTP server that keeps what it receives as files, one a Message-ID."""

import hashlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class KeepingHandler:
    """Writes each mail to a file named after its Message-ID; counts how often it came."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        name = hashlib.sha256(str(mail["Message-ID"]).encode()).hexdigest()[:24]
        times = self.directory / f"{name}.times"
        with times.open("a") as count:
            count.write(".")
        (self.directory / f"{name}.eml").write_bytes(envelope.content)
        return "250 Kept"


def start_sink(directory: Path, *, port: int) -> Controller:
    """Start the sink on 127.0.0.1 in a thread of its own."""
    controller = Controller(KeepingHandler(directory), hostname="127.0.0.1", port=port)
    controller.start()
    return controller


def kept_mails(directory: Path) -> list[tuple[str, EmailMessage]]:
    """Return the kept mails with their file names, newest first."""
    files = sorted(directory.glob("*.eml"), key=lambda f: f.stat().st_mtime, reverse=True)
    return [(file.stem, read_mail(file)) for file in files]


def read_mail(file: Path) -> EmailMessage:
    """Read one kept mail."""
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - what policy.default yields
    return mail
