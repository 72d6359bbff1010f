from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.record import privileges, seal, verify
from audit.record.export import export_lines


class Command(BaseCommand):
    help = "The record: seal what is new, verify or export all of it, print its public key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("seal", help="seal the entries that are new, and sign a checkpoint")
        actions.add_parser("key", help="print the public key that checks the checkpoints")
        granting = actions.add_parser("grant", help="let a PostgreSQL role run the application")
        granting.add_argument("role")
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
            checkpoint = seal.seal_entries(now=timezone.now())
            self.stdout.write(checkpoint.note if checkpoint else "nothing new to seal")
        elif action == "key":
            self.stdout.write(str(verify.public_key()))
        elif action == "grant":
            self._grant(options["role"])
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

    def _export(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            lines = sum(bool(file.write(line)) for line in export_lines())
        self.stdout.write(f"{lines} lines in {path}")

    def _verify(self, files: list[str]) -> None:
        held = seal.kept_outside()
        try:
            held += [Path(file).read_text(encoding="utf-8") for file in files]
        except OSError as error:
            raise CommandError(f"The held checkpoint cannot be read: {error}") from None
        try:
            found = verify.verify(held=held, tell=self._tell)
        except verify.DoesNotFit as problem:
            raise CommandError(f"THE RECORD DOES NOT FIT: {problem}") from None
        self.stdout.write(
            f"{found.entries} entries, {found.checkpoints} checkpoints and {found.held} held ones"
            f" fit; {found.unsealed} entries wait to be sealed. Root {found.root.hex()}"
        )

    def _tell(self, done: int, total: int) -> None:
        self.stdout.write(f"  {done} of {total}")
