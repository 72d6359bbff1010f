import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.record.entries import Channel, system_actor
from practitioners.domain import reference_data
from practitioners.domain.directory_import.load import UnreadableHeader, import_file
from practitioners.models import Commune


class Command(BaseCommand):
    help = "Load an extract of the national practitioner directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--rejects", type=Path, help="where unusable lines go (default: FILE.rejects.csv)"
        )

    def handle(self, *args: Any, file: Path, rejects: Path | None, **options: Any) -> None:
        if not Commune.objects.exists():
            self.stderr.write("loading communes and specialties ...")
            reference_data.load_communes()
            reference_data.load_specialties()
        rejects = rejects or file.with_name(file.name + ".rejects.csv")
        began = time.monotonic()

        def progress(lines: int, bytes_read: int) -> None:
            rate = lines / max(time.monotonic() - began, 0.001)
            share = min(100, 100 * bytes_read // max(file.stat().st_size, 1))
            self.stderr.write(f"{lines:>9,} lines  {share:>3} %  {rate:,.0f} lines/s")

        try:
            report = import_file(
                file,
                rejects=rejects,
                actor=system_actor(Channel.SHELL),
                now=timezone.now(),
                progress=progress,
            )
        except (OSError, UnreadableHeader) as problem:
            raise CommandError(f"{file}: {problem}") from None
        for word, counts in (("created", report.created), ("changed", report.changed)):
            for name, count in counts.items():
                if count:
                    self.stdout.write(f"{word} {count:,} {name}")
        if report.is_unchanged:
            self.stdout.write("nothing changed: the directory is up to date")
        self.stdout.write(f"{report.lines:,} lines read, {report.rejected:,} rejected ({rejects})")
