"""An exercise for the team: a scenario's theft happens now, in the database that is in use.

Practices, patients, software and thieves are invented and stand beside what is there; the incident
is marked as an exercise from its first moment, and of its notices only the team's own leave.
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from audit.incidents import incidents
from audit.models import Incident
from doctolib.drill.run import play
from doctolib.drill.scenario import ZONE, BadScenario, Scenario
from doctolib.drill.world import build

AN_HOUR_AT_LEAST, MOST_APART = 600.0, timedelta(minutes=5)
# A minute's budget is waited for, an hour's or a day's is not.
LONGEST_WAIT = timedelta(seconds=61)


def train(scenario: Scenario, *, seed: int, now: datetime) -> list[Incident]:
    """Let the scenario's first theft begin now, after its weeks of ordinary traffic.

    Returns the incidents that came of it. Raises BadScenario where nobody steals.
    """
    shifted = _beginning_now(scenario, now=now)
    rng = random.Random(seed)
    built = build(shifted, rng, with_staff=False)
    with incidents.as_training():
        # No incident lies in the future: a thief who would have to wait for long is refused.
        outcome = play(shifted, built, rng, longest_wait=LONGEST_WAIT)
    used = list(outcome.stopped_at)
    return list(Incident.objects.filter(sources__holder_id__in=used).distinct().order_by("number"))


def _beginning_now(scenario: Scenario, *, now: datetime) -> Scenario:
    if not scenario.thieves:
        raise BadScenario("Nobody steals in this scenario: there is nothing to train.")
    first = min(thief.starts for thief in scenario.thieves)
    local = now.astimezone(ZONE)
    days = (local.date() - first.astimezone(ZONE).date()).days
    return replace(
        scenario,
        starts=scenario.starts + timedelta(days=days),
        # An exercise waits neither for the hours at which thieves prefer to work, nor for weeks.
        thieves=tuple(
            replace(
                thief, starts=local + min(thief.starts - first, MOST_APART), hours=(0, 24),
                weekdays=(0, 1, 2, 3, 4, 5, 6), an_hour=max(thief.an_hour, AN_HOUR_AT_LEAST),
            )
            for thief in scenario.thieves
        ),
    )  # fmt: skip
