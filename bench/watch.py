"""How soon a thief is noticed: the product's own statistics, beside river's half-space trees.

Each of the drill's scenarios is played with the real budget, vault, record and judge, but the first
`--openings` of the thief's are let through, so that each detector sees all of them. Half-space
trees (Tan, Ting and Liu, 2011; river's implementation), one forest for each holder, are shown of
each opening what the judge is shown: reason, hour and weekday, how often network, key and use were
seen before, how much was opened today against the days before, how long after the last one and
whether next to it. What a score weighs is how rare one so high is among the holder's own.

Weights fill a bucket that leaks as audit/watch/watcher.py lets it, by the holder's own days, for
each detector alike; it is as small as it can be without stopping more holders at work, in any of
the scenarios, than the product itself would have. Printed: how many openings a thief gets before
it is full (the median over seeds and scenarios, and by scenario), for the product's statistics, for
the trees and for the sum of both, the ratio own / trees, and how many holders at work that stops.
"""

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from unittest.mock import patch

from river.anomaly import HalfSpaceTrees
from setting import arguments, own_servers, report

THEFTS = ("july-2020", "slow-drip", "first-day", "inside")
MONTHS = ("month-end", "moving", "migration")
# A score is only rare among at least so many.
WARM = 100


@dataclass
class Seen:
    """What one opening weighs for each detector."""

    day: float
    holder: str
    is_theft: bool
    own: float
    trees: float
    # Whether the product would have stopped the holder.
    is_stopped: bool


@dataclass
class Forest:
    """One holder's half-space trees, with what its features are made of."""

    model: HalfSpaceTrees = field(
        default_factory=lambda: HalfSpaceTrees(n_trees=25, height=8, window_size=100, seed=1)
    )
    scores: list[float] = field(default_factory=list)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: Counter[object] = field(default_factory=Counter)
    last: object = None

    def weigh(self, sighting: object, reasons: list[str]) -> float:
        """What an opening weighs, before it is learned."""
        features = self._features(sighting, reasons)
        score = self.model.score_one(features)
        rarer = len(self.scores) - bisect_left(self.scores, score)
        weight = -math.log10((rarer + 1) / (len(self.scores) + 1))
        insort(self.scores, score)
        self.model.learn_one(features)
        # Every tenth score is as high as one in ten.
        return max(0.0, weight - 1) if len(self.scores) > WARM else 0.0

    def _features(self, sighting, reasons: list[str]) -> dict[str, float]:
        today = sighting.at.date()
        before = [count for day, count in self.days.items() if day != today]
        self.days[today] += 1
        volume = self.days[today] / (median(before) if before else 1 + self.days[today])
        found = {f"is_{name}": float(sighting.reason == name) for name in reasons}
        found |= {"hour": sighting.hour / 24, "weekday": sighting.weekday / 7}
        for name in ("network", "key", "use", "practice_id"):
            what = (name, str(getattr(sighting, name)))
            found[f"new_{name}"] = 1 / (1 + self.seen[what])
            self.seen[what] += 1
        found["volume"] = volume / (1 + volume)
        gap, is_next = 1.0, 0.0
        if self.last is not None:
            seconds = (sighting.at - self.last.at).total_seconds()
            gap = math.exp(-max(0.0, seconds) / 60)
            is_next = float(
                sighting.place[0] == self.last.place[0] and sighting.place[1] > self.last.place[1]
            )
        self.last = sighting
        return found | {"gap": gap, "is_next": is_next}


@contextmanager
def listening(seen: list[Seen], openings: int) -> Iterator[None]:
    """Note what each detector makes of each opening, and let the thief's first ones through."""
    from audit.watch import watcher
    from audit.watch.sighting import Reason
    from audit.watch.watcher import Verdict
    from doctolib.drill import replay

    reasons = [reason.value for reason in Reason]
    forests: dict[str, Forest] = defaultdict(Forest)
    observe, open_ = watcher.observe, replay._open
    thief: list[bool] = [False]

    def opened(request, at):
        thief[0] = request.thief is not None
        open_(request, at)

    def observed(*, holder_id, sightings, **others):
        verdict = observe(holder_id=holder_id, sightings=sightings, **others)
        (sighting,) = sightings
        holder = holder_id.hex
        trees = forests[holder].weigh(sighting, reasons)
        day = sighting.at.timestamp() / 86400
        seen.append(
            Seen(
                day=day,
                holder=holder,
                is_theft=thief[0],
                own=verdict.weight,
                trees=trees,
                is_stopped=holder_id in verdict.stop,
            )
        )
        thefts = sum(each.is_theft for each in seen)
        if thief[0] and thefts >= openings:
            return Verdict(weight=verdict.weight, stop=(holder_id,), signs=verdict.signs)
        return Verdict(weight=verdict.weight)

    with patch.object(watcher, "observe", observed), patch.object(replay, "_open", opened):
        yield


@dataclass
class Bucket:
    """What one holder's weights come to; its leak is as in audit/watch/watcher.py."""

    level: float = 0.0
    at: float = 0.0
    today: int = 0
    weight: float = 0.0
    opened: int = 0
    days: list[tuple[float, int]] = field(default_factory=list)

    def fill(self, weight: float, *, at: float) -> float:
        """Add a weight at an instant, in days; returns the level."""
        if int(at) != self.today:
            if self.opened:
                self.days = [*self.days, (self.weight, self.opened)][-28:]
            self.today, self.weight, self.opened = int(at), 0.0, 0
        gone = self._leak() * (at - self.at) if self.at else 0.0
        self.level = max(0.0, self.level - gone) + weight
        self.at, self.weight, self.opened = at, self.weight + weight, self.opened + 1
        return self.level

    def _leak(self) -> float:
        from audit.watch import watcher
        from audit.watch.past import robust_top

        opened = max(robust_top([o for _w, o in self.days], deviations=0), self.opened)
        least = max(watcher.LEAK, watcher.LEAK_SHARE_AT_LEAST * opened)
        usual = robust_top([w for w, _o in self.days], deviations=watcher.DEVIATIONS)
        return min(max(least, usual), max(watcher.LEAK_TOP, watcher.LEAK_SHARE * opened))


Runs = dict[tuple[str, int], list[Seen]]


def until_full(runs: Runs, which: tuple[str, ...], *, may_stop: int) -> dict[str, list[int]]:
    """How many openings each thief gets, by scenario."""
    thefts: dict[tuple[str, int], list[float]] = {}
    at_work: dict[tuple[str, int, str], float] = defaultdict(float)
    for (name, seed), seen in runs.items():
        buckets: dict[str, Bucket] = defaultdict(Bucket)
        for each in seen:
            weight = sum(getattr(each, detector) for detector in which)
            level = buckets[each.holder].fill(weight, at=each.day)
            if each.is_theft:
                thefts.setdefault((name, seed), []).append(level)
            else:
                holder = (name, seed, each.holder)
                at_work[holder] = max(at_work[holder], level)
    size = sorted(at_work.values(), reverse=True)[may_stop]
    found: dict[str, list[int]] = defaultdict(list)
    for (name, _seed), levels in thefts.items():
        full = (n for n, level in enumerate(levels, 1) if level > size)
        found[name].append(next(full, len(levels)))
    return found


def play(*, seeds: int, openings: int) -> Runs:
    """Let every scenario happen, and note what each opening weighs."""
    from doctolib.celery import app
    from doctolib.drill import scenario as scenarios
    from doctolib.drill.run import run
    from doctolib.drill.scratch import scratch_database

    app.conf.broker_url = "memory://localhost"
    runs: Runs = {}
    for name in (*THEFTS, *MONTHS):
        for seed in range(1, seeds + 1):
            seen = runs[name, seed] = []
            with scratch_database(), listening(seen, openings):
                run(scenarios.load(name), seed=seed)
    return runs


def figures_of(runs: Runs) -> dict[str, object]:
    """Compare the detectors, with no more holders at work stopped than the product stops."""
    stopped = {
        (run, each.holder)
        for run, seen in runs.items()
        for each in seen
        if each.is_stopped and not each.is_theft
    }
    figures: dict[str, object] = {"stopped_at_work": len(stopped)}
    medians = {}
    for name, which in {"own": ("own",), "trees": ("trees",), "both": ("own", "trees")}.items():
        found = until_full(runs, which, may_stop=len(stopped))
        medians[name] = float(median(n for each in found.values() for n in each))
        figures[name] = medians[name]
        for scenario, each in found.items():
            figures[f"{name}_{scenario.replace('-', '_')}"] = float(median(each))
    return figures | {"ratio": medians["own"] / medians["trees"]}


def main() -> None:
    options = arguments(__doc__ or "", seeds=3, openings=300)
    with own_servers():
        runs = play(seeds=options.seeds, openings=options.openings)
        figures = {"seeds": options.seeds, "let_through": options.openings}
        report(figures | figures_of(runs), as_json=options.json)


if __name__ == "__main__":
    main()
