import signal
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError
from django.utils import timezone
from psycopg.errors import InsufficientPrivilege

from audit.record import privileges, seal, sealer, verify
from audit.record.export import export_lines
from audit.record.outside import FileBroken, kept_outside


class Command(BaseCommand):
    # Needs no page of the site, and so none is loaded and checked: the sealer begins at once.
    requires_system_checks: list[str] = []
    help = "The record: seal what is new, verify or export all of it, print its public key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("seal", help="seal the entries that are new, and sign a checkpoint")
        actions.add_parser(
            "keep-sealing", help="the process that seals every ten seconds, as the sealer's role"
        )
        actions.add_parser("key", help="print the public key that checks the checkpoints")
        granting = actions.add_parser("grant", help="let a PostgreSQL role run the application")
        granting.add_argument("role")
        sealing = actions.add_parser("grant-sealer", help="let a PostgreSQL role seal the record")
        sealing.add_argument("role")
        exporting = actions.add_parser("export", help="write the whole record for an auditor")
        exporting.add_argument("file")
        verifying = actions.add_parser("verify", help="recompute everything")
        verifying.add_argument(
            "--held",
            action="append",
            default=[],
            metavar="FILE",
            help="a checkpoint kept elsewhere, to which the record must still lead",
        )

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "seal":
            self._seal()
        elif action == "key":
            self.stdout.write(str(verify.public_key()))
        elif action == "grant":
            self._grant(options["role"])
        elif action == "grant-sealer":
            self._grant_sealer(options["role"])
        elif action == "keep-sealing":
            self._keep_sealing()
        elif action == "export":
            self._export(Path(options["file"]))
        else:
            self._verify(options["held"])

    def _grant(self, role: str) -> None:
        try:
            privileges.grant_application_role(role)
        except privileges.NoSuchRole as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{role} may run the application, and only append to the record")

    def _grant_sealer(self, role: str) -> None:
        try:
            privileges.grant_sealer_role(role)
        except privileges.NoSuchRole as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{role} may seal the record, and read nothing else")

    def _seal(self) -> None:
        try:
            checkpoint = seal.seal_entries(now=timezone.now())
        except ProgrammingError as problem:
            if not isinstance(problem.__cause__, InsufficientPrivilege):
                raise
            raise CommandError(
                "This role of PostgreSQL may not seal: see docs/operations.md."
            ) from None
        self.stdout.write(checkpoint.note if checkpoint else "nothing new to seal")

    def _keep_sealing(self) -> None:
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        sealer.run(stop=stop)

    def _export(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            lines = sum(bool(file.write(line)) for line in export_lines())
        self.stdout.write(f"{lines} lines in {path}")

    def _verify(self, files: list[str]) -> None:
        try:
            held = [Path(file).read_text(encoding="utf-8") for file in files]
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"The held checkpoint cannot be read: {error}") from None
        try:
            found = verify.verify(
                held=held, outside=kept_outside(), tell=self._tell, now=timezone.now()
            )
            silent = verify.ask_witnesses()
        except (verify.DoesNotFit, FileBroken) as problem:
            raise CommandError(f"THE RECORD DOES NOT FIT: {problem}") from None
        for words in silent:
            self.stderr.write(f"a witness could not be asked: {words}")
        self.stdout.write(
            f"{found.entries} entries, {found.checkpoints} checkpoints, {found.cosignatures}"
            f" cosignatures and {found.held} held ones fit; {found.unsealed} entries wait to be"
            f" sealed. Root {found.root.hex()}"
        )

    def _tell(self, done: int, total: int) -> None:
        self.stdout.write(f"  {done} of {total}")
