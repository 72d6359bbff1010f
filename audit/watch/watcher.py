"""The detector: every reveal adds its score to a bucket, and a full bucket stops its holder.

A holder's row is locked from the scoring to the end of the transaction, so that a thief with many
connections fills one bucket. Rows of groups (all the credentials of one partner) are locked after
that, and only by reveals with a score: a thief who uses many credentials fills the group's bucket,
and then a little suffices to stop each.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from django.db import connection, transaction

from audit.models import Watched
from audit.watch import judge
from audit.watch.judge import Judgement, Sign
from audit.watch.past import Past, is_known, merged
from audit.watch.sighting import Sighting

# In weights (judge.py): full, and what flows out a day where there is no past to say. A group of
# more members than its capacity has as much as it has members.
CAPACITY, LEAK = 14.0, 2.0
GROUP_CAPACITY, GROUP_LEAK_A_MEMBER = 24.0, 1.0
# The score that a holder may reach today while its group is under suspicion, and for how long.
CAPACITY_UNDER_SUSPICION = 4.0
SUSPICION = timedelta(days=3)
# The upper limit of a leak, so that a thief's many days cannot widen it without end.
LEAK_TOP, LEAK_SHARE = 8.0, 0.08
# Whatever its days say, some of all that a holder opens may be looked up for no visible reason:
# days of closing, when much is explained, would make the others look odd.
LEAK_SHARE_AT_LEAST = 0.04
# Where a holder is asked who it is, and what it may weigh once it has answered, and how long an
# answer is worth something.
ASKS_AT, CAPACITY_ASKED, ANSWER_LASTS = 6.0, 16.0, timedelta(hours=12)
# So many requests without an answer do not come from a person at a desk.
INSISTS = 8
# A group's bucket hears of nothing lighter.
NOTED = 0.35
DEVIATIONS = 3.0
# A member counts as one of its group for this long after its last day with an opening.
ACTIVE = timedelta(days=7)
PEER_DAYS = 200
GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The detector's decision about a reveal: the holder to stop, if any, and the reasons."""

    weight: float
    # How many of the openings were odd (judge.py).
    odd: int = 0
    # Whether the holder must first say again who it is.
    ask: bool = False
    stop: tuple[uuid.UUID, ...] = ()
    signs: tuple[Sign, ...] = ()
    # Since when the suspicion has grown.
    since: datetime | None = None
    # Whether the holder's group is under suspicion, too.
    is_spread: bool = False


@transaction.atomic
def observe(
    *,
    holder_id: uuid.UUID,
    kind: str,
    group_id: uuid.UUID,
    sightings: Sequence[Sighting],
    writes: Callable[[], int],
    can_ask: bool = False,
) -> Verdict:
    """Score reveals that are made together, and store the result; called before the data is
    revealed.

    `writes` counts the holder's changes of today, and is only called if something is odd. A holder
    that can be asked to prove its identity (`can_ask`: a person) is asked before it is stopped, and
    is only stopped for what it does itself, because the people of one practice are few.
    """
    at = sightings[0].at
    row = _locked(holder_id, kind, at=at)
    past = Past.read(row.state)
    over = past.turn_to(at.astimezone(UTC).date())
    if over is not None:
        _tell_group(group_id, holder_id, past, at=at)
    peers = Past() if past.is_known else _peers(group_id)
    # As it is before anything of this is learned.
    before = orjson.dumps(past.written()) if can_ask else b""
    judgements = _judge_in_turn(sightings, past=past, peers=peers, writes=writes)
    weight = round(sum(judgement.weight for judgement in judgements), 3)
    leak = leak_of(past, peers)
    _leak(row, at=at, leak=leak)
    if can_ask and weight and row.level + weight >= ASKS_AT and not _was_asked(past, at=at):
        # A refused reveal is scored, and learned from, when it is requested again.
        row.state = orjson.loads(before) | {"asked": at.timestamp(), "insisted": 0}
        row.save()
        _fill(row, judgements, at=at)
        return Verdict(weight=weight, ask=True, signs=_signs(row), since=row.since)
    _fill(row, judgements, at=at)
    capacity = (CAPACITY_ASKED if _was_asked(past, at=at) else CAPACITY) + leak / 2
    stop: set[uuid.UUID] = set()
    is_spread = False
    if weight >= NOTED and not can_ask:
        suspected = _fill_group(group_id, holder_id, weight, at=at)
        if suspected is not None:
            capacity = CAPACITY_UNDER_SUSPICION
            stop |= suspected
            is_spread = True
    if weight and row.level >= capacity:
        stop.add(holder_id)
    row.state = past.written()
    row.save()
    return Verdict(
        weight=weight,
        odd=sum(judgement.is_odd for judgement in judgements),
        stop=tuple(sorted(stop)),
        signs=_signs(row),
        since=row.since,
        is_spread=is_spread,
    )


def _judge_in_turn(
    sightings: Sequence[Sighting], *, past: Past, peers: Past, writes: Callable[[], int]
) -> list[Judgement]:
    """Judge each sighting by what was learned before it, and learn it."""
    writes = cache(writes)
    judgements = []
    for sighting in sightings:
        judgement = judge.judge(sighting, past=past, peers=peers, writes=writes)
        past.learn(sighting, weight=judgement.weight, walking=judgement.walking)
        judgements.append(judgement)
    return judgements


@transaction.atomic
def misused(*, holder_id: uuid.UUID, kind: str, code: str, network: str, at: datetime) -> Verdict:
    """Add misuse without a reveal (judge.MISUSE)."""
    row = _locked(holder_id, kind, at=at)
    past = Past.read(row.state)
    judgement = judge.judge_misuse(code, past=past, network=network)
    leak = leak_of(past, Past())
    _leak(row, at=at, leak=leak)
    _fill(row, [judgement], at=at)
    row.save()
    is_full = row.level >= CAPACITY + leak / 2
    return Verdict(
        weight=judgement.weight, odd=1, stop=(holder_id,) if is_full else (), signs=_signs(row),
        since=row.since,
    )  # fmt: skip


@transaction.atomic
def unanswered(*, holder_id: uuid.UUID, kind: str, at: datetime) -> Verdict:
    """Count another request by a holder that has not proved its identity; stop it after many."""
    row = _locked(holder_id, kind, at=at)
    past = Past.read(row.state)
    past.insisted += 1
    row.state = past.written()
    insists = past.insisted >= INSISTS
    if insists:
        row.since = row.since or at
        row.signs["unanswered"] = [past.insisted, 1.0, str(past.insisted), ""]
    row.save()
    return Verdict(
        weight=0.0, stop=(holder_id,) if insists else (), signs=_signs(row), since=row.since
    )


def _was_asked(past: Past, *, at: datetime) -> bool:
    """Whether the holder was recently asked to prove its identity; without an answer it is
    blocked.
    """
    return past.asked >= (at - ANSWER_LASTS).timestamp()


_BUSIEST = """
    SELECT jsonb_array_length(state->'days'), state->>'first', state->>'today',
           (state->'busiest'->>replace(%s::text, '-', ''))::int
    FROM audit_watched WHERE id = %s AND state ? 'days'
"""


def busiest_day(holder_id: uuid.UUID, practice_id: uuid.UUID) -> int | None:
    """The most subjects of a practice that a holder revealed in a day; None while it is new."""
    with connection.cursor() as cursor:
        cursor.execute(_BUSIEST, [practice_id, holder_id])
        found = cursor.fetchone()
    if found is None:
        return None
    days, first, today, busiest = found
    return (busiest or 0) if is_known(days=days, first=first, today=today) else None


def leak_of(past: Past, peers: Past) -> float:
    """How much leaks out of a holder's bucket per day: the sum of its own odd days, or its
    peers'.
    """
    source = past if past.is_known or not peers.days else peers
    opened = max(source.usual("opened", deviations=0), past.now.opened)
    least = max(LEAK, LEAK_SHARE_AT_LEAST * opened)
    if not source.is_known:
        return least
    usual = source.usual("weight", deviations=DEVIATIONS)
    return float(min(max(least, usual), max(LEAK_TOP, LEAK_SHARE * opened)))


@transaction.atomic
def forget_suspicion(
    holder_ids: list[uuid.UUID], *, group_ids: Iterable[uuid.UUID] = (), are_own: bool = True
) -> None:
    """Empty the buckets of holders that people have reviewed, and of their groups.

    If the reviewers say that the networks and keys seen were the holder's own, these are usual from
    now on.
    """
    for group in Watched.objects.select_for_update().filter(pk__in=list(group_ids)):
        for pk in holder_ids:
            group.state.get("members", {}).pop(pk.hex, None)
        group.state.pop("suspected_until", None)
        group.level, group.since, group.signs = 0.0, None, {}
        group.save()
    for row in Watched.objects.select_for_update().filter(pk__in=holder_ids):
        past = Past.read(row.state)
        for place in (*past.networks.values(), *past.keys.values()):
            place.known = place.known or are_own
        row.state, row.level, row.since, row.signs = past.written(), 0.0, None, {}
        row.save()


_FIND = "SELECT state::text, level, at, since, signs::text FROM audit_watched WHERE id = %s"
_MAKE = """
    INSERT INTO audit_watched (id, kind, state, level, at, signs)
    VALUES (%s, %s, '{}', 0, %s, '{}') ON CONFLICT DO NOTHING
"""
_KEEP = """
    UPDATE audit_watched SET state = %s::jsonb, level = %s, at = %s, since = %s, signs = %s::jsonb
    WHERE id = %s
"""


@dataclass(kw_only=True)
class _Row:
    """A row of Watched, read and written with fixed statements, because every reveal does so."""

    id: uuid.UUID
    state: dict[str, Any]
    level: float
    at: datetime
    since: datetime | None
    signs: dict[str, list[Any]]

    def save(self) -> None:
        signs = orjson.dumps(self.signs).decode()
        state = orjson.dumps(self.state).decode()
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [state, self.level, self.at, self.since, signs, self.id])


def _locked(pk: uuid.UUID, kind: str, *, at: datetime) -> _Row:
    with connection.cursor() as cursor:
        cursor.execute(f"{_FIND} FOR UPDATE", [pk])
        found = cursor.fetchone()
        if found is None:
            cursor.execute(_MAKE, [pk, kind, at])
            cursor.execute(f"{_FIND} FOR UPDATE", [pk])
            found = cursor.fetchone()
    state, level, last, since, signs = found
    return _Row(
        id=pk, state=orjson.loads(state), level=level, at=last, since=since,
        signs=orjson.loads(signs),
    )  # fmt: skip


def _leak(row: _Row, *, at: datetime, leak: float) -> None:
    days = max(0.0, (at - row.at).total_seconds() / 86400)
    row.level = max(0.0, row.level - leak * days)
    row.at = max(at, row.at)
    if not row.level:
        row.since, row.signs = None, {}


def _fill(row: _Row, judgements: Iterable[Judgement], *, at: datetime) -> None:
    for judgement in judgements:
        if not judgement.weight:
            continue
        row.since = row.since or at
        row.level = round(row.level + judgement.weight, 3)
        for sign in judgement.signs:
            count, weight, _found, _usual = row.signs.get(sign.code, (0, 0.0, "", ""))
            row.signs[sign.code] = [
                count + 1, round(weight + sign.weight, 3), sign.found, sign.usual
            ]  # fmt: skip


def _signs(row: _Row) -> tuple[Sign, ...]:
    """The signals that filled a bucket, the heaviest first; a reason's `found` is its count."""
    ordered = sorted(row.signs.items(), key=lambda item: -item[1][1])
    return tuple(
        Sign(code=code, weight=weight, found=found or str(count), usual=usual)
        for code, (count, weight, found, usual) in ordered
    )


def _fill_group(
    group_id: uuid.UUID, holder_id: uuid.UUID, weight: float, *, at: datetime
) -> set[uuid.UUID] | None:
    """Fill the group's bucket. Returns the holder to stop with it, or None if nothing is odd."""
    row = _locked(group_id, GROUP, at=at)
    members: dict[str, list[float]] = row.state.setdefault("members", {})
    horizon = (at - SUSPICION).timestamp()
    members = {pk: each for pk, each in members.items() if each[1] >= horizon}
    recent = members.get(holder_id.hex, [0.0, 0.0])
    members[holder_id.hex] = [round(recent[0] + weight, 3), at.timestamp()]
    size = max(len(members), len(row.state.get("active", ())))
    leak = max(LEAK, GROUP_LEAK_A_MEMBER * size)
    _leak(row, at=at, leak=leak)
    _fill(row, [Judgement(weight=weight)], at=at)
    row.state["members"] = members
    is_full = len(members) > 1 and row.level >= max(GROUP_CAPACITY, size)
    if is_full:
        row.state["suspected_until"] = (at + SUSPICION).timestamp()
        row.level = 0.0
    row.save()
    if at.timestamp() >= row.state.get("suspected_until", 0):
        return None
    if not is_full:
        return set()
    return {
        uuid.UUID(pk) for pk, (sum_, _at) in members.items() if sum_ >= CAPACITY_UNDER_SUSPICION
    }


def _peers(group_id: uuid.UUID) -> Past:
    """The baseline of the group's members, for a holder without one of its own."""
    group = Watched.objects.filter(pk=group_id).first()
    return Past.read(group.state) if group else Past()


def _tell_group(group_id: uuid.UUID, holder_id: uuid.UUID, past: Past, *, at: datetime) -> None:
    """Add a holder's finished day to the baseline of its peers."""
    row = _locked(group_id, GROUP, at=at)
    peers = Past.read(row.state)
    horizon = (at - ACTIVE).timestamp()
    active = {pk: last for pk, last in row.state.get("active", {}).items() if last >= horizon}
    active[holder_id.hex] = at.timestamp()
    peers.days = [*peers.days, past.days[-1]][-PEER_DAYS:]
    peers.first, peers.today = min(peers.first or past.first, past.first), past.today
    peers.blocks = merged([peers.blocks, _shares(past.blocks)])
    peers.uses = merged([peers.uses, _shares(past.uses)])
    kept = {name: row.state[name] for name in ("members", "suspected_until") if name in row.state}
    row.state = peers.written() | kept | {"active": active}
    row.save()


def _shares(counted: dict[str, float]) -> dict[str, float]:
    """A member's counts as shares, so that each member counts for one day however active it is."""
    total = sum(counted.values())
    return {name: value / total for name, value in counted.items()} if total else {}
