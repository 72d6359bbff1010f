"""One drill from beginning to end, and what it measured."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audit.incidents.exposure import exposure_of
from audit.models import Incident
from doctolib.drill.aftermath import Told, tell
from doctolib.drill.desk import Page, pages_of
from doctolib.drill.replay import Outcome, replay
from doctolib.drill.scenario import Scenario
from doctolib.drill.theft import openings_of
from doctolib.drill.traffic import Opening, benign
from doctolib.drill.world import Built, build


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How well the exposure of the incidents names whom the thief really read."""

    precision: float
    recall: float


def run(scenario: Scenario, *, seed: int) -> dict[str, Any]:
    """Run a scenario in the current, empty database, and return its figures."""
    rng = random.Random(seed)
    built = build(scenario, rng)
    outcome = play(scenario, built, rng)
    scope = _scope(outcome)
    told = tell(built.staff, now=outcome.ends_at) if outcome.ends_at else Told()
    return {
        "scenario": scenario.name,
        "seed": seed,
        "attempted": outcome.attempted,
        "exposed": len(outcome.appointments),
        "exposed_share": round(len(outcome.appointments) / max(1, outcome.attempted), 4),
        "contained_after_s": _contained_after(outcome),
        "contained_after_requests": outcome.requests_until_stop,
        "scope_precision": scope.precision,
        "scope_recall": scope.recall,
        "practices_told": told.practices,
        "patients_told": told.patients,
        "duplicates_sent": told.duplicates,
        "form_drafted_in_s": told.form_s,
        "false_containments": outcome.false_containments,
        "false_containments_per_1000_credential_days": _false_rate(scenario, built, outcome),
        "budget_bound": outcome.budget_bound,
        "benign": outcome.benign,
        "delayed": outcome.delayed,
        "asked": outcome.asked,
        "false_signs": outcome.false_signs,
    }


def play(
    scenario: Scenario, built: Built, rng: random.Random, *, longest_wait: timedelta = timedelta.max
) -> Outcome:
    """Make what everybody does in a scenario, and let it happen (replay.py)."""
    traffic: list[Opening | Page] = [*benign(scenario, built, rng), *pages_of(scenario, built, rng)]
    thefts = [
        openings_of(thief, number, built, rng) for number, thief in enumerate(scenario.thieves)
    ]
    return replay(scenario, traffic, thefts, longest_wait=longest_wait)


def _contained_after(outcome: Outcome) -> float | None:
    """Seconds from the first theft until the last credential that was used for it was stopped."""
    if outcome.first_at is None or not outcome.stopped_at:
        return None
    return round((max(outcome.stopped_at.values()) - outcome.first_at).total_seconds(), 1)


def _false_rate(scenario: Scenario, built: Built, outcome: Outcome) -> float:
    days = scenario.days * (len(built.installations) + len(built.desks))
    return round(1000 * outcome.false_containments / days, 3)


def _scope(outcome: Outcome) -> Scope:
    named = set()
    for incident in Incident.objects.all():
        if incident.sources.filter(let_in_at__isnull=True).exists():
            assert outcome.ends_at is not None  # noqa: S101 - something happened
            named |= set(exposure_of(incident, now=outcome.ends_at).subjects)
    right = len(named & outcome.subjects)
    return Scope(
        precision=round(right / len(named), 4) if named else 1.0,
        recall=round(right / len(outcome.subjects), 4) if outcome.subjects else 1.0,
    )
