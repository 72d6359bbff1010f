from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from practitioners.domain.scheduling import availability_cases


class Command(BaseCommand):
    help = "Check availability facts from a JSON file against the real function over real rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        differing = total = 0
        today = timezone.now().date()
        try:
            for outcome in availability_cases.run_file(file, today=today):
                total += 1
                verdict = "holds" if outcome.holds else "differs"
                line = f"{verdict}: {outcome.case} | {outcome.check}"
                if not outcome.holds:
                    differing += 1
                    line += f" | expected {outcome.expected} | offered {outcome.offered}"
                self.stdout.write(line)
        except availability_cases.UnreadableCase as problem:
            raise CommandError(str(problem), returncode=2) from None
        if differing:
            raise CommandError(f"{differing} of {total} checks differ", returncode=1)
        self.stdout.write(f"all {total} checks hold")
