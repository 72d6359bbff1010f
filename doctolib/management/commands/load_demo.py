from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from doctolib.demo import SEED, load


class Command(BaseCommand):
    help = "Load the demo: about 2,000 practitioners with lived-in agendas. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=SEED)

    def handle(self, *args: Any, seed: int, **options: Any) -> None:
        from django.conf import settings

        if settings.MODE == "production":
            raise CommandError("The demo is not for production.")
        if load.is_loaded():
            self.stdout.write("the demo is loaded already; 'make reset' starts afresh")
            return
        load.load(now=timezone.now(), say=self.stdout.write, seed=seed)
