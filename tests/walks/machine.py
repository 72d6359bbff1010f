"""The walks as a state machine: hypothesis chooses who does what, and in which order."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import time_machine
from django.test.utils import override_settings
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from audit.redis_client import redis_client
from doctolib.development.mail_sink import start_sink
from doctolib.servers import free_port
from tests.addresses import names
from tests.clock import NOW
from tests.emptied import empty_database
from tests.walks.errands import Ways
from tests.walks.filling import Mood
from tests.walks.invariants import problems_of
from tests.walks.walk import Walk
from tests.walks.world import Person, build

# The secretary is named twice: nobody uses the site as much.
NAMES = (
    "Visiteur", "Zoé", "Noé", "Léa", "Secrétaire", "Secrétaire", "Praticienne", "Voisin",
    "Éditrice",
)  # fmt: skip
# How often somebody does what, among a hundred things.
ACTS = {
    "wander": 44, "errand": 16, "book": 10, "sign in": 6, "mail": 6, "twice": 8, "badly": 6,
    "elsewhere": 4,
}  # fmt: skip
# The views of pages; the rest is software's.
WALKED = ("practitioners:", "booking:", "audit:", "partners:")
numbers = st.integers(0, 2**32 - 1)
# Minutes: a moment, a hold's end, an evening, a link's end, a session's end.
waits = st.sampled_from([1, 8, 180, 60 * 24, 60 * 24 * 4, 60 * 24 * 15])


def walks(*, examples: int, steps: int) -> settings:
    """How many walks, each of how many steps; nothing is kept from one run for the next."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


@dataclass
class Report:
    """What the walks of a run have seen: how often each view, and its dearest page."""

    visited: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)
    stories: list[list[str]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    ways: Ways = field(default_factory=Ways)

    def add(self, walk: Walk) -> None:
        """Take in a walk that has ended."""
        self.visited += walk.visited
        self.statements |= walk.statements
        self.stories.append(walk.story)
        self.faults = walk.faults | self.faults

    def __str__(self) -> str:
        dearest = ", ".join(f"{name} {n}" for name, n in self.statements.most_common(5))
        views = "\n".join(f"{n:6} {name}" for name, n in self.visited.most_common())
        faults = "\n\n".join(self.faults.values())
        walked = {each for each in names() if each.startswith(WALKED)}
        never = " ".join(sorted(walked - set(self.visited)))
        return (
            f"{len(self.faults)} faults\n{faults}\n{len(self.visited)} views; "
            f"most statements: {dearest}\n{views}\nnever: {never}"
        )


class WalkMachine(RuleBasedStateMachine):
    """One world, walked from its first moment. Needs a database that commits."""

    report = Report()
    # Whether the first fault is enough, or all that the walks find are wanted.
    stops_at_faults = False

    def __init__(self) -> None:
        super().__init__()
        empty_database()
        redis_client().flushdb()
        self._traveller = time_machine.travel(NOW, tick=False)
        clock = self._traveller.start()
        self._directory = TemporaryDirectory(prefix="walk-")
        port = free_port()
        mails = Path(self._directory.name)
        self._sink = start_sink(mails, port=port)
        self._settings = override_settings(EMAIL_PORT=port, SMS_DIR=mails / "sms")
        self._settings.enable()
        self.walk = Walk(
            world=build(now=NOW), mail_directory=mails, clock=clock, ways=self.report.ways
        )

    @initialize(names=st.sets(st.sampled_from(NAMES)))
    def some_are_signed_in(self, names: set[str]) -> None:
        """A walk begins where users begin: signed out, or already signed in."""
        for name in [] if self.is_over else sorted(names - {"Visiteur"}):
            self.walk.sign_in(self.walk.world.person(name))

    @rule(number=numbers)
    def one_after_another(self, number: int) -> None:
        """Several people act in turns: what one sees has been changed by another."""
        for _act in range(10):
            chance = self.chance(number)
            self.act(self.walk.world.person(chance.choice(NAMES)), chance)

    @rule(number=numbers)
    def one_alone(self, number: int) -> None:
        """One person goes on for a while, past what others do."""
        person = self.walk.world.person(self.chance(number).choice(NAMES))
        for _act in range(10):
            self.act(person, self.chance(number))

    @rule(number=numbers)
    def software(self, number: int) -> None:
        if not self.is_over:
            self.walk.software(self.chance(number))

    @rule(minutes=waits)
    def wait(self, minutes: int) -> None:
        if not self.is_over:
            self.walk.wait(minutes)

    @property
    def is_over(self) -> bool:
        """Whether enough was found."""
        return self.stops_at_faults and bool(self.report.faults or self.walk.faults)

    def chance(self, number: int) -> Random:
        """What is left to chance: another thing in each step, the same in each repeat."""
        return Random(f"{number} {self.walk.step} {len(self.walk.story)}")

    def act(self, person: Person, chance: Random) -> None:
        """One thing that a person does, the usual ones more often."""
        if self.is_over:
            return
        (kind,) = chance.choices(list(ACTS), weights=list(ACTS.values()))
        if kind == "wander":
            self.walk.wander(person, chance)
        elif kind == "errand":
            self.walk.errand(person, chance)
        elif kind == "book":
            self.walk.book(person, chance)
        elif kind == "sign in":
            self.walk.sign_in(person)
        elif kind == "mail":
            self.walk.open_mail(person, chance)
        elif kind == "twice":
            self.walk.submit(person, Mood.FITTING, chance, times=2)
        elif kind == "badly":
            self.walk.submit(person, chance.choice([Mood.EMPTY, Mood.WRONG]), chance)
        else:
            other = self.walk.world.person(chance.choice(NAMES))
            self.walk.open_address_of(person, other, chance)

    def teardown(self) -> None:
        try:
            for problem in [] if self.is_over else problems_of(self.walk):
                story = "\n".join(self.walk.story[-60:])
                self.walk.faults.setdefault(problem, f"{problem}\nafter:\n{story}")
            self.report.add(self.walk)
        finally:
            self._settings.disable()
            self._sink.stop()
            self._directory.cleanup()
            self._traveller.stop()


def walk(*, first: int, examples: int, steps: int, stops_at_faults: bool = False) -> Report:
    """Take so many walks of so many steps by a seed, and return what they have seen and found."""
    machine = type(
        "Walks", (WalkMachine,), {"report": Report(), "stops_at_faults": stops_at_faults}
    )
    run_state_machine_as_test(seed(first)(machine), settings=walks(examples=examples, steps=steps))
    return machine.report
