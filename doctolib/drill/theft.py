"""What a thief asks for, and when: as the scenario says."""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from booking.models import Appointment
from doctolib.drill.desk import NAMES, Page, session_of
from doctolib.drill.scenario import ZONE, BadScenario, Thief
from doctolib.drill.traffic import Opening, token_at
from doctolib.drill.world import Built, Desk, Installation

Holder = TypeVar("Holder", Installation, Desk)


def openings_of(
    thief: Thief, number: int, built: Built, rng: random.Random
) -> list[Opening] | list[Page]:
    """Everything that a thief would open if nobody stopped them, in order of time.

    Raises BadScenario when the practices have not so many visits.
    """
    if thief.who == "secretary":
        return _pages(thief, number, built, rng)
    stolen = rng.sample(built.installations, thief.credentials)
    reached = [(each, pk) for each in stolen for pk in each.grants]
    targets = _targets(thief, number, reached, len(stolen), built, rng)
    network, key = _strange(rng)
    at = thief.starts
    openings = []
    places: dict[int, tuple[str, str]] = {}
    is_replay = thief.who == "token"
    for installation, row in targets:
        at = _next(thief, at, rng)
        if thief.network == "new-each":
            network, _unused = places.setdefault(id(installation), _strange(rng))
        own_key = thief.key == "own" and not is_replay
        used_key = installation.key if own_key else key
        # Whoever has the key asks for tokens of their own.
        client = f"{number:02x}{key}"
        openings.append(
            Opening(
                at=at,
                installation=installation,
                appointment=row,
                network=installation.network if thief.network == "own" else network,
                key=used_key,
                token=token_at(installation.key if is_replay else client, at),
                purpose=thief.purpose,
                fields=thief.fields,
                thief=number,
                is_replay=is_replay,
            )
        )
    return openings


def _pages(thief: Thief, number: int, built: Built, rng: random.Random) -> list[Page]:
    """What somebody opens through secretaries' accounts."""
    stolen = rng.sample(built.desks, thief.credentials)
    reached = [(desk, desk.practice.pk) for desk in stolen]
    targets = _targets(thief, number, reached, len(stolen), built, rng)
    network, key = _strange(rng)
    at = thief.starts
    pages = []
    for desk, rows in _shown_together(thief, targets):
        at = _next(thief, at, rng)
        pages.append(
            Page(
                at=at,
                desk=desk,
                appointments=tuple(rows),
                network=desk.network if thief.network == "own" else network,
                key=desk.key if thief.key == "own" else key,
                token=session_of(desk, at) if thief.session == "own" else f"{key[:8]}{number:02x}",
                fields=NAMES if thief.opens == "week" else thief.fields,
                thief=number,
            )
        )
    return pages


def _shown_together(
    thief: Thief, targets: list[tuple[Desk, Appointment]]
) -> Iterator[tuple[Desk, list[Appointment]]]:
    if thief.opens == "visit":
        yield from ((desk, [row]) for desk, row in targets)
        return
    weeks: dict[tuple[object, ...], tuple[Desk, list[Appointment]]] = {}
    for desk, row in targets:
        week = row.starts_at.astimezone(ZONE).isocalendar()[:2]
        weeks.setdefault((id(desk), row.agenda_id, week), (desk, []))[1].append(row)
    yield from weeks.values()


def _next(thief: Thief, at: datetime, rng: random.Random) -> datetime:
    return _working(thief, at + timedelta(seconds=rng.expovariate(thief.an_hour / 3600)))


def _targets(
    thief: Thief,
    number: int,
    reached: list[tuple[Holder, uuid.UUID]],
    stolen: int,
    built: Built,
    rng: random.Random,
) -> list[tuple[Holder, Appointment]]:
    """Which visits, one for each patient's visit, in the order in which they are asked for."""
    if thief.practices:
        reached = rng.sample(reached, min(thief.practices, len(reached)))
    queues = []
    for holder, practice_id in reached:
        rows = [row for row in built.visits.at(practice_id) if _wanted(thief, row)]
        rows.sort(key=lambda row: (row.agenda_id, row.starts_at))
        queues.append([(holder, row) for row in rows])
    if thief.order == "practices" or (thief.order == "agenda" and stolen > 1):
        # One of each in turn: a thief with many credentials uses them side by side.
        longest = max(map(len, queues), default=0)
        everything = [queue[n] for n in range(longest) for queue in queues if n < len(queue)]
    else:
        everything = [each for queue in queues for each in queue]
    if thief.order == "shuffled":
        rng.shuffle(everything)
    if len(everything) < thief.appointments:
        raise BadScenario(
            f"thief {number + 1} wants {thief.appointments} visits and reaches {len(everything)}:"
            " let them take fewer, or let the world have more practices, agendas or visits_a_day."
        )
    return everything[: thief.appointments]


def _wanted(thief: Thief, row: Appointment) -> bool:
    if row.created_at > thief.starts:
        return False
    if thief.visits == "future":
        return row.starts_at > thief.starts
    if thief.visits == "past":
        return row.starts_at < thief.starts
    return True


def _working(thief: Thief, at: datetime) -> datetime:
    """Put an instant into the hours and days in which the thief works."""
    while True:
        local = at.astimezone(ZONE)
        from_, until = thief.hours
        if local.weekday() in thief.weekdays and from_ <= local.hour < until:
            return at
        later = local.replace(hour=from_, minute=0, second=0)
        if local.hour >= from_ or local.weekday() not in thief.weekdays:
            later += timedelta(days=1)
        at = later


def _strange(rng: random.Random) -> tuple[str, str]:
    """A network and a key that nobody of the drill has."""
    return f"203.0.{rng.randrange(100, 200)}.0/24", f"{rng.getrandbits(64):016x}"
