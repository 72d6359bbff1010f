"""The baseline of a holder: its days so far, stored as JSON, learned from unsuspicious reveals.

All statistics are robust: the median and the median absolute deviation of whole days, which a
single extreme day does not move. 1.4826 makes the deviation comparable with a standard deviation
(Rousseeuw and Croux, 1993).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from audit.watch.sighting import Reason, Sighting

DAYS_KEPT = 28
# A week and a day, with openings on five days of it: a habit of Sundays has been seen by then.
DAYS_TO_KNOW, KNOWS_AFTER = 5, timedelta(days=8)
KNOWN_AFTER = 30
KNOWN_AFTER_S = 12 * 3600
KNOWN_SHARE = 0.9
LEARNED_OF_ODD = 0.1
KEPT_STEPS, KEPT_PLACES = 8, 40
HOURS_A_BLOCK = 4
MAD_TO_SIGMA = 1.4826


# Reasons that may be a habit: which of a day's sums tells how much of it there was.
SUMMED = {
    Reason.AHEAD: "ahead", Reason.AGAIN: "again", Reason.SEARCHED: "searched",
    Reason.LEAFED: "leafed",
}  # fmt: skip


def block_of(weekday: int, hour: int) -> str:
    """The part of the week: working day, Saturday or Sunday, in blocks of four hours."""
    kind = "w" if weekday < 5 else "s" if weekday == 5 else "d"
    return f"{kind}{hour // HOURS_A_BLOCK}"


@dataclass(kw_only=True)
class Day:
    """The sums of one day (UTC); a reveal of only part of an identity counts as that part."""

    opened: float = 0.0
    ahead: float = 0.0
    again: float = 0.0
    searched: float = 0.0
    leafed: float = 0.0
    weight: float = 0.0
    walked: int = 0
    writes: int = 0
    practices: int = 0


@dataclass(kw_only=True)
class Place:
    """A network or a key, and its history."""

    since: float
    good: int = 0
    odd: int = 0
    known: bool = False


def is_known(*, days: int, first: str, today: str) -> bool:
    """Whether so many days with openings, between two dates, are enough to compare with."""
    if days < DAYS_TO_KNOW or not first:
        return False
    return date.fromisoformat(today) - date.fromisoformat(first) >= KNOWS_AFTER


def robust_top(values: Iterable[float], *, deviations: float) -> float:
    """The median plus some deviations: the upper end of an ordinary day; 0 without days."""
    numbers = sorted(values)
    if not numbers:
        return 0.0
    middle = median(numbers)
    spread = median(abs(number - middle) for number in numbers)
    return middle + deviations * MAD_TO_SIGMA * spread


@dataclass(kw_only=True)
class Past:
    """A holder's past days and its current one."""

    first: str = ""
    today: str = ""
    now: Day = field(default_factory=Day)
    seen_practices: list[str] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    blocks: dict[str, float] = field(default_factory=dict)
    uses: dict[str, float] = field(default_factory=dict)
    networks: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    # Agenda, start and instant of the latest openings, the newest last.
    trail: list[list[Any]] = field(default_factory=list)
    # The most subjects of one practice that were opened in one day, by practice.
    busiest: dict[str, int] = field(default_factory=dict)
    by_practice: dict[str, int] = field(default_factory=dict)
    # When the holder was last asked who it is; an instant in seconds.
    asked: float = 0.0
    # How often it has asked for more since, without an answer.
    insisted: int = 0

    @classmethod
    def read(cls, state: dict[str, Any]) -> "Past":
        """Read what `written` returned; an empty state is that of a new holder."""
        past = cls(**{k: v for k, v in state.items() if k in cls.__dataclass_fields__})
        past.now = Day(**state.get("now", {}))
        past.days = [Day(**each) for each in state.get("days", [])]
        past.networks = {k: Place(**v) for k, v in state.get("networks", {}).items()}
        past.keys = {k: Place(**v) for k, v in state.get("keys", {}).items()}
        return past

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return vars(self) | {
            "now": vars(self.now),
            "days": [vars(day) for day in self.days],
            "networks": {name: vars(place) for name, place in self.networks.items()},
            "keys": {name: vars(place) for name, place in self.keys.items()},
        }

    @property
    def is_known(self) -> bool:
        """Whether there are enough days to compare with."""
        return is_known(days=len(self.days), first=self.first, today=self.today)

    def turn_to(self, day: date) -> Day | None:
        """Begin a day if it is a new one; returns the day before, if it had anything."""
        if self.today == day.isoformat():
            return None
        self.first = self.first or day.isoformat()
        over = self.now if self.now.opened else None
        if over is not None:
            self.days = [*self.days, over][-DAYS_KEPT:]
            for name, count in self.by_practice.items():
                self.busiest[name] = max(count, self.busiest.get(name, 0))
            for counted in (self.blocks, self.uses):
                for name in counted:
                    counted[name] *= 1 - 1 / DAYS_KEPT
        self.today, self.now, self.seen_practices, self.by_practice = day.isoformat(), Day(), [], {}
        return over

    @staticmethod
    def is_usual(places: dict[str, Place], name: str) -> bool:
        """Whether a network or a key is one of the holder's own."""
        # The first one ever is home: there is nothing to compare it with.
        return not places or (name in places and places[name].known)

    def is_walking(self, sighting: Sighting, *, steps: int, seconds: float) -> bool:
        """Whether the last reveals follow one agenda in order of time, in quick succession."""
        if sighting.place is None:
            return False
        latest = [*self.trail, [*sighting.place, sighting.at.timestamp()]][-steps:]
        if len(latest) < steps or len({agenda for agenda, _start, _at in latest}) > 1:
            return False
        pairs = list(pairwise(latest))
        if any(after[2] - before[2] > seconds for before, after in pairs):
            return False
        return all(a[1] < b[1] for a, b in pairs) or all(a[1] > b[1] for a, b in pairs)

    def learn(self, sighting: Sighting, *, weight: float, walking: bool) -> None:
        """Add an observation. An odd one counts little, so that a thief does not become the
        usual case.
        """
        share = 1.0 if weight < 1 else LEARNED_OF_ODD
        practice = sighting.practice_id.hex
        block = block_of(sighting.weekday, sighting.hour)
        self.blocks[block] = self.blocks.get(block, 0.0) + share
        self.uses[sighting.use] = self.uses.get(sighting.use, 0.0) + share
        if practice not in self.seen_practices:
            self.seen_practices.append(practice)
        self.by_practice[practice] = self.by_practice.get(practice, 0) + 1
        if sighting.place is not None:
            step = [*sighting.place, sighting.at.timestamp()]
            self.trail = [*self.trail, step][-KEPT_STEPS:]
        day = self.now
        day.opened = round(day.opened + sighting.part, 3)
        if sighting.reason in SUMMED:
            name = SUMMED[sighting.reason]
            setattr(day, name, round(getattr(day, name) + sighting.part, 3))
        day.walked += walking
        day.weight = round(day.weight + weight, 3)
        day.practices = len(self.seen_practices)
        explained = sighting.reason in (Reason.FRESH, Reason.NEAR, Reason.FIRST_SYNC)
        for places, name in ((self.networks, sighting.network), (self.keys, sighting.key)):
            self._note_place(places, name, at=sighting.at.timestamp(), explained=explained)

    @staticmethod
    def _note_place(places: dict[str, Place], name: str, *, at: float, explained: bool) -> None:
        place = places.get(name)
        if place is None:
            place = Place(since=at, known=not places)
            if len(places) >= KEPT_PLACES:
                # People's telephones see many networks. One that became home is kept rather.
                del places[min(places, key=lambda each: (places[each].known, places[each].since))]
            places[name] = place
        place.good += explained
        place.odd += not explained
        if not place.known and at - place.since >= KNOWN_AFTER_S:
            place.known = place.good >= KNOWN_AFTER and place.good >= KNOWN_SHARE * (
                place.good + place.odd
            )

    def usual(self, name: str, *, deviations: float) -> float:
        """The upper end of an ordinary day of this holder, in one of a Day's sums."""
        return robust_top((getattr(day, name) for day in self.days), deviations=deviations)

    def most(self, name: str) -> float:
        """The highest value of any past day."""
        return max((getattr(day, name) for day in self.days), default=0)


def share_of(counted: dict[str, float], name: str, *, outcomes: int) -> float:
    """The share of one outcome, with half a count for each that has not been seen (Jeffreys)."""
    total = sum(counted.values()) + outcomes / 2
    return (counted.get(name, 0.0) + 0.5) / total


def merged(counts: Iterable[dict[str, float]]) -> dict[str, float]:
    """The sum of some counts."""
    total: Counter[str] = Counter()
    for each in counts:
        for name, value in each.items():
            total[name] += value  # type: ignore[assignment]
    return dict(total)
