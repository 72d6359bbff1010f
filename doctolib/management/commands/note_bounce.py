import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from booking.outbox.bounces import note_bounce


class Command(BaseCommand):
    help = "Read one mail that came back (RFC 3464), as a mail server's alias hands it over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="standard input if not given")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        raw = file.read_bytes() if file else sys.stdin.buffer.read()
        is_ours = note_bounce(raw, now=timezone.now())
        self.stdout.write("noted" if is_ours else "nothing to note")
