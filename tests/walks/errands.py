"""Errands: what people come for, found again by the ways that earlier steps have seen.

Wandering alone seldom gets to what lies behind several forms. A run remembers which views the pages
of each view led to, and for which kind of person; an errand chooses what was done least and goes
there by the shortest way, over links and forms as they stand on the pages then.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.walks.pages import Page

HOME = "practitioners:home"


@dataclass
class Ways:
    """What leads where, and how often each view was asked in this run; by kind of person."""

    _times: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _seen: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def learn(self, kind: str, page: Page, *, asked: str, name_of: Callable[[str], str]) -> None:
        """Remember what a page offered to a kind of person, and which view was asked for it."""
        name = name_of(page.address)
        # A view that redirects was asked too.
        self._times[kind].update({asked, name})
        offered = {name_of(each) for each in page.links}
        offered |= {name_of(each.action) for each in page.forms if each.action}
        # Addresses outside the walk have no view's name.
        self._seen[kind][name] |= {each for each in offered if ":" in each} - {name}

    def choose(self, kind: str, chance: Random) -> list[str]:
        """Return the views on the way to one that this kind asked least; none if none is known."""
        found = self._ways_of(kind)
        if not found:
            return []
        times = self._times[kind]
        seldom = min(times[each] for each in found)
        goals = sorted(each for each in found if times[each] == seldom)
        goal = chance.choice(goals)
        # Tried counts as done: a way may have closed since it was seen.
        times[goal] += 1
        return found[goal]

    def _ways_of(self, kind: str) -> dict[str, list[str]]:
        """Every view that can be reached from the home page, with the shortest way there."""
        seen = self._seen[kind]
        ways: dict[str, list[str]] = {HOME: []}
        waiting = deque([HOME])
        while waiting:
            here = waiting.popleft()
            for there in sorted(seen.get(here, ())):
                if there not in ways:
                    ways[there] = [*ways[here], there]
                    waiting.append(there)
        return {name: way for name, way in ways.items() if way}
