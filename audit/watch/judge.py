"""Scoring one reveal against the holder's own past and its peers, with the signals found.

The score is the weight of the reveal's reason, times its odd signals; a reveal that the agenda
explains, from a usual network and key, scores nothing. Scores fill a bucket (watcher.py) that leaks
in proportion to how odd the holder's own days were. This is Page's CUSUM test (1954) with time in
place of a sample's drift. The weights were set on simulated months (`manage.py drill`), whose
generator knows none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

from audit.watch.past import SUMMED, Past, block_of, share_of
from audit.watch.sighting import Reason, Sighting

FROM_HOME = {
    Reason.FRESH: 0.0, Reason.NEAR: 0.0, Reason.FIRST_SYNC: 0.0, Reason.CLOSING: 0.0,
    Reason.AHEAD: 0.25, Reason.AGAIN: 0.4, Reason.SEARCHED: 0.25, Reason.LEAFED: 0.5,
    Reason.NONE: 1.0,
}  # fmt: skip
# From a strange network or with a strange key; what the agenda explains weighs little then, as
# software does move to another data centre, and more when both are strange.
FROM_ELSEWHERE = {
    Reason.FRESH: 0.02, Reason.NEAR: 0.02, Reason.FIRST_SYNC: 1.0, Reason.CLOSING: 1.0,
    Reason.AHEAD: 1.0, Reason.AGAIN: 1.0, Reason.SEARCHED: 1.0, Reason.LEAFED: 1.0,
    Reason.NONE: 1.0,
}  # fmt: skip
BOTH_STRANGE = 0.3
# Software may have the habit of reading ahead, or everything twice: as much as it ever did in a
# day weighs little, and so does all of it until there was time to see its week.
OF_HABIT, OF_HABIT_ELSEWHERE, HABIT_GROWS = 0.05, 0.15, 2
NEW_NETWORK, NEW_KEY = 2.0, 1.5
# Misuse without a reveal: its score from an unusual network, and from a usual one.
MISUSE = {
    "token": (4.0, 1.0),  # a live token, shown with another key than its own
    "bearer": (1.0, 0.25),  # a live token that is bound to a key, shown without any
    "hammering": (0.05, 0.002),  # asked for more though the budget is spent
}
WALKING, WALK_STEPS, WALK_SECONDS = 0.5, 6, 60.0
MOST = 4.0
# Added to whatever else there is to say of the opening of somebody who is nobody.
CANARY = 8.0
BLOCKS, USES = 18, 6
# An outcome as rare as this is not yet odd.
USUAL_SHARE = 0.02
ENOUGH_SEEN = 50
VOLUME_FLOOR = 30
RATIO_FLOOR = 20
DEVIATIONS = 4.0


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One signal: a code that a page translates into words, with its numbers."""

    code: str
    weight: float
    found: str = ""
    usual: str = ""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The score of a reveal, with its signals.

    `is_odd` if neither the agenda nor a habit of the holder explains it, or it came from an unusual
    network or key: then it may be a thief's.
    """

    weight: float
    is_odd: bool = False
    signs: tuple[Sign, ...] = ()
    walking: bool = False


def judge(sighting: Sighting, *, past: Past, peers: Past, writes: Callable[[], int]) -> Judgement:
    """Score one reveal.

    `writes` counts the holder's changes of today, and is only called if something is odd.
    """
    reason = sighting.reason
    # A holder without any reveal before today has no month to close.
    if reason == Reason.CLOSING and not past.days:
        reason = Reason.NONE
    walking = past.is_walking(sighting, steps=WALK_STEPS, seconds=WALK_SECONDS)
    places = _places(sighting, past)
    base = FROM_ELSEWHERE[reason] if places else FROM_HOME[reason]
    is_habit = reason in SUMMED and _is_habit(past, peers, SUMMED[reason])
    if len(places) > 1:
        base = max(base, BOTH_STRANGE)
    elif is_habit and (past.is_known or not places):
        base = OF_HABIT_ELSEWHERE if places else OF_HABIT
    if not base:
        return Judgement(weight=0.0, walking=walking)
    past.now.writes = writes()
    signs = [
        *places,
        *_habits(sighting, past if _seen(past.blocks) else peers),
        *_amounts(past),
    ]
    if walking and past.now.walked >= HABIT_GROWS * past.most("walked"):
        signs.append(Sign(code="walking", weight=WALKING, found=str(WALK_STEPS)))
    weight = sighting.part * min(MOST, base * (1 + sum(sign.weight for sign in signs)))
    signs.insert(0, Sign(code=f"reason-{reason}", weight=base))
    if sighting.is_canary:
        weight += CANARY
        signs.append(Sign(code="canary", weight=CANARY))
    is_odd = bool(places) or not is_habit
    return Judgement(weight=round(weight, 3), is_odd=is_odd, signs=tuple(signs), walking=walking)


def judge_misuse(code: str, *, past: Past, network: str) -> Judgement:
    """Score misuse without a reveal, by a holder or by somebody with one of its tokens."""
    elsewhere, home = MISUSE[code]
    is_home = past.is_usual(past.networks, network)
    sign = Sign(code=code, weight=home if is_home else elsewhere, found=network)
    return Judgement(weight=sign.weight, is_odd=True, signs=(sign,))


def _is_habit(past: Past, peers: Past, name: str) -> bool:
    source = past if past.is_known else peers
    return not source.is_known or getattr(past.now, name) < HABIT_GROWS * source.most(name)


def _places(sighting: Sighting, past: Past) -> list[Sign]:
    signs = []
    if not past.is_usual(past.networks, sighting.network):
        usual = ", ".join(sorted(name for name, each in past.networks.items() if each.known))
        signs.append(
            Sign(code="network", weight=NEW_NETWORK, found=sighting.network, usual=usual[:120])
        )
    if not past.is_usual(past.keys, sighting.key):
        signs.append(Sign(code="key", weight=NEW_KEY, found=sighting.key[:12]))
    return signs


def _seen(counted: dict[str, float]) -> bool:
    return sum(counted.values()) >= ENOUGH_SEEN


def _habits(sighting: Sighting, past: Past) -> list[Sign]:
    """Hours and purposes: how much rarer they are than usual, in halvings."""
    signs = []
    if _seen(past.blocks):
        share = share_of(past.blocks, block_of(sighting.weekday, sighting.hour), outcomes=BLOCKS)
        odd = min(1.0, max(0.0, log2(USUAL_SHARE / share) / 2))
        if odd:
            found = f"{sighting.hour:02}:00"
            signs.append(Sign(code="hour", weight=odd, found=found, usual=f"{share:.1%}"))
    if _seen(past.uses):
        share = share_of(past.uses, sighting.use, outcomes=USES)
        odd = min(0.5, max(0.0, log2(USUAL_SHARE / share) / 4))
        if odd:
            signs.append(Sign(code="use", weight=odd, found=sighting.use, usual=f"{share:.1%}"))
    return signs


def _amounts(past: Past) -> list[Sign]:
    """The number of subjects and practices today, and how few changes accompany them."""
    if not past.is_known:
        return []
    signs = []
    usual = max(VOLUME_FLOOR, past.usual("opened", deviations=DEVIATIONS), past.most("opened"))
    if past.now.opened > usual:
        odd = min(1.5, log2(past.now.opened / usual) + 0.25)
        signs.append(
            Sign(code="volume", weight=odd, found=f"{past.now.opened:.0f}", usual=f"{usual:.0f}")
        )
    practices = past.most("practices")
    if past.now.practices > practices:
        found = str(past.now.practices)
        signs.append(Sign(code="spread", weight=0.5, found=found, usual=f"{practices:.0f}"))
    written, opened = past.most("writes"), sum(day.opened for day in past.days)
    if written and past.now.opened > RATIO_FLOOR:
        usual_ratio = opened / max(1, sum(day.writes for day in past.days))
        ratio = past.now.opened / max(1, past.now.writes)
        if ratio > 4 * usual_ratio:
            signs.append(
                Sign(code="ratio", weight=0.5, found=f"{ratio:.0f}", usual=f"{usual_ratio:.0f}")
            )
    return signs
