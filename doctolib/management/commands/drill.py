import json
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from audit.incidents import score
from audit.incidents.exposure import exposure_of
from audit.models import Incident
from booking.accounts.accounts import site_url
from doctolib.celery import app
from doctolib.drill import scenario as scenarios
from doctolib.drill.run import run
from doctolib.drill.scratch import scratch_database
from doctolib.drill.training import train


class Command(BaseCommand):
    help = "Replay a theft in a month of traffic, in a database of its own; docs/drill.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", help=", ".join(scenarios.names()))
        parser.add_argument("--scenario", type=Path, help="a scenario of your own")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--train", action="store_true",
            help="let the theft happen now, in this database, for the team to deal with",
        )  # fmt: skip
        parser.add_argument(
            "--copy-of-production", action="store_true",
            help="with --train where DOCTOLIB_MODE is production: this is a copy",
        )  # fmt: skip
        parser.add_argument("--score", type=int, metavar="N", help="score incident N")
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        if options["score"] is not None:
            self._score(options["score"], as_json=options["json"])
            return
        try:
            if options["scenario"]:
                scenario = scenarios.read(options["scenario"])
            else:
                scenario = scenarios.load(name or "july-2020")
            if options["train"]:
                self._train(scenario, seed=options["seed"], is_copy=options["copy_of_production"])
                return
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

    def _train(self, scenario: scenarios.Scenario, *, seed: int, is_copy: bool) -> None:
        if settings.MODE == "production" and not is_copy:
            raise CommandError(
                "This is production. Train on a copy of it, and say --copy-of-production there."
            )
        found = train(scenario, seed=seed, now=timezone.now())
        if not found:
            raise CommandError("Nothing was stopped: there is no incident to deal with.")
        for incident in found:
            address = site_url(reverse("incidents:incident", args=[incident.number]))
            self.stdout.write(f"{incident.number} {address}")

    def _score(self, number: int, *, as_json: bool) -> None:
        incident = Incident.objects.filter(number=number).first()
        if incident is None:
            raise CommandError(f"There is no incident {number}.")
        found = score.marks(incident, exposure=exposure_of(incident, now=timezone.now()))
        if as_json:
            figures = {
                mark.code: {
                    "seconds": mark.taken.total_seconds() if mark.taken is not None else None,
                    "goal": mark.goal.total_seconds(),
                    "met": mark.is_met,
                }
                for mark in found
            }
            self.stdout.write(json.dumps(figures))
            return
        for mark in found:
            taken = str(mark.taken).partition(".")[0] if mark.taken is not None else "-"
            met = "ok" if mark.is_met else ""
            self.stdout.write(f"  {mark.code:<12} {taken:>16}  goal {mark.goal!s:>16}  {met}")
