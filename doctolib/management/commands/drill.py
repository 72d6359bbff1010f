import json
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from doctolib.celery import app
from doctolib.drill import scenario as scenarios
from doctolib.drill.run import run
from doctolib.drill.scratch import scratch_database


class Command(BaseCommand):
    help = "Replay a theft in a month of traffic, in a database of its own; docs/drill.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help=", ".join(scenarios.names()))
        parser.add_argument("--scenario", type=Path, help="a scenario of your own")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        try:
            if options["scenario"]:
                scenario = scenarios.read(options["scenario"])
            else:
                scenario = scenarios.load(name or "july-2020")
            # Nobody's worker is to hear of a drill.
            app.conf.broker_url = "memory://"
            began = perf_counter()
            with scratch_database():
                figures = run(scenario, seed=options["seed"])
            figures["took_s"] = round(perf_counter() - began, 1)
        except scenarios.BadScenario as problem:
            raise CommandError(str(problem)) from None
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False))
            return
        self.stdout.write(f"{scenario.title}\n")
        for key, value in figures.items():
            self.stdout.write(f"  {key.replace('_', ' '):<46} {value}")
