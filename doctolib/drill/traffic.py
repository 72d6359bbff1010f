"""What practice software does in a month, by the way that it is built.

follower  asks for an identity when it hears of a booking, and of some again on the day
morning   makes the day's list before the practice opens
evening   makes the next working day's list at night
desk      asks when the patient stands at the desk
weekly    reads the next two weeks over again every Sunday night

In each, somebody looks up a visit now and then for which nothing asks. At the end of a month
(month-end), practices read the whole month's visits over again to invoice. In a migration, a
third of the practices go over to other software, which reads all that is to come. In a moving,
the software goes to another data centre.
"""

import random
import uuid
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from booking.models import Appointment
from booking.models.appointment import Status
from doctolib.drill.scenario import ZONE, Scenario
from doctolib.drill.world import Built, Installation, grant, install, poisson, vendor

TOKEN_LASTS = timedelta(minutes=5)
ALL_FIELDS = ("first_name", "last_name", "sex", "birth_date", "phone")
MOST_READ_ON_THE_DAY = 0.1


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One identity that is asked for; `thief` numbers who is not the software itself."""

    at: datetime
    installation: Installation
    appointment: Appointment
    network: str
    key: str
    token: str
    purpose: str = "care"
    fields: tuple[str, ...] = ALL_FIELDS
    thief: int | None = None
    # The software's own token, shown by somebody who has not its key.
    is_replay: bool = False


def benign(scenario: Scenario, built: Built, rng: random.Random) -> list[Opening]:
    """All that the software of a month opens, in order of time."""
    begins = datetime.combine(scenario.starts, time(), ZONE)
    ends = begins + timedelta(days=scenario.days)
    middle = begins + timedelta(days=scenario.days // 2, hours=9)
    moved = _migrate(built, rng, at=middle) if scenario.month == "migration" else {}
    openings: list[Opening] = []
    for installation in [*built.installations, *dict.fromkeys(moved.values())]:
        mine = [row for pk in installation.grants for row in built.visits.at(pk)]
        is_new = installation in moved.values()
        since = middle if is_new else begins
        for row, at in _habit(installation, mine, scenario, rng, since, ends):
            gone = moved.get(row.practice_id) if not is_new else None
            if since <= at < ends and not (gone and at >= middle):
                openings.append(_opening(installation, row, at))
        if is_new:
            openings += [
                _opening(installation, row, at)
                for row, at in _in_turn(mine, middle, rng, lambda row: row.starts_at > middle)
            ]
    if scenario.month == "moving":
        openings = [_moved(each, middle) for each in openings]
    return sorted(openings, key=lambda each: each.at)


def _habit(
    installation: Installation,
    visits: list[Appointment],
    scenario: Scenario,
    rng: random.Random,
    since: datetime,
    until: datetime,
) -> Iterator[tuple[Appointment, datetime]]:
    days = [since.date() + timedelta(days=n) for n in range((until.date() - since.date()).days + 1)]
    by_day: dict[date, list[Appointment]] = {}
    for row in visits:
        by_day.setdefault(row.starts_at.astimezone(ZONE).date(), []).append(row)
    everything = _regular(installation.software, by_day, days, visits, rng)
    regular = [(row, at) for row, at in everything if since <= at < until]
    yield from regular
    volume = len(regular) / max(1, len(days))
    booked = sorted(visits, key=lambda row: row.created_at)
    instants = [row.created_at for row in booked]
    for day in days:
        if day.weekday() == 6:
            continue
        for _ in range(poisson(volume * scenario.world.looked_up, rng)):
            at = datetime.combine(day, time(8), ZONE) + timedelta(minutes=rng.randrange(660))
            yield booked[rng.randrange(bisect_left(instants, at))], at
    if scenario.month == "month-end":
        yield from _closing(visits, days, rng)


def _regular(
    software: str,
    by_day: dict[date, list[Appointment]],
    days: list[date],
    visits: list[Appointment],
    rng: random.Random,
) -> Iterator[tuple[Appointment, datetime]]:
    if software == "follower":
        for row in visits:
            yield row, row.created_at + timedelta(seconds=rng.uniform(1, 90))
            if rng.random() < MOST_READ_ON_THE_DAY:
                yield row, row.starts_at - timedelta(minutes=rng.uniform(-5, 120))
        return
    for day in days:
        if software == "morning":
            at = datetime.combine(day, time(6, 30), ZONE) + timedelta(minutes=rng.uniform(0, 40))
            yield from _in_turn(by_day.get(day, []), at, rng)
        elif software == "evening":
            following = next((d for d in sorted(by_day) if d > day), None)
            if following is not None and by_day.get(day):
                at = datetime.combine(day, time(22), ZONE) + timedelta(minutes=rng.uniform(0, 90))
                yield from _in_turn(by_day[following], at, rng)
        elif software == "desk":
            for row in by_day.get(day, []):
                if row.status != Status.CANCELLED and rng.random() < 0.93:
                    yield row, row.starts_at + timedelta(minutes=rng.uniform(-12, 8))
        elif software == "weekly" and day.weekday() == 6:
            at = datetime.combine(day, time(21), ZONE) + timedelta(minutes=rng.uniform(0, 90))
            ahead = [row for d in by_day for row in by_day[d] if day < d <= day + timedelta(14)]
            yield from _in_turn(ahead, at, rng)


def _in_turn(
    rows: list[Appointment],
    at: datetime,
    rng: random.Random,
    wanted: "object" = None,
) -> Iterator[tuple[Appointment, datetime]]:
    """One agenda after the other, in order of time, as fast as answers come."""
    for row in sorted(rows, key=lambda each: (each.agenda_id, each.starts_at)):
        is_known = row.created_at < at and row.status != Status.CANCELLED
        if is_known and (wanted is None or wanted(row)):  # type: ignore[operator]
            at += timedelta(seconds=rng.uniform(0.2, 1.5))
            yield row, at


def _closing(
    visits: list[Appointment], days: list[date], rng: random.Random
) -> Iterator[tuple[Appointment, datetime]]:
    """Each practice closes its month on one of the last working days, or of the first ones."""
    ends = [d for d in days if d.weekday() < 5 and (d + timedelta(days=3)).day <= 3]
    ends += [d for d in days if d.weekday() < 5 and d.day <= 2 and d > days[0]]
    if not ends:
        return
    for practice_id in dict.fromkeys(row.practice_id for row in visits):
        day = rng.choice(ends)
        at = datetime.combine(day, time(17), ZONE) + timedelta(minutes=rng.uniform(0, 240))
        since = at - timedelta(days=31)
        rows = [r for r in visits if r.practice_id == practice_id and since < r.starts_at < at]
        yield from _in_turn(rows, at, rng)


def _migrate(built: Built, rng: random.Random, *, at: datetime) -> dict[uuid.UUID, Installation]:
    """Let a third of the practices go over to other software; by practice."""
    partner = vendor("Autre éditeur", rng)
    moved = {}
    for practice in built.practices[: max(1, len(built.practices) // 3)]:
        installation = install(partner, "follower", rng)
        own = [agenda for agenda in built.agendas if agenda.practice_id == practice.pk]
        grant(installation, practice, own, at=at - timedelta(minutes=20))
        moved[practice.pk] = installation
    return moved


def _opening(installation: Installation, row: Appointment, at: datetime) -> Opening:
    return Opening(
        at=at,
        installation=installation,
        appointment=row,
        network=installation.network,
        key=installation.key,
        token=token_at(installation.key, at),
    )


def _moved(opening: Opening, middle: datetime) -> Opening:
    if opening.at < middle:
        return opening
    network = opening.network.replace("198.51.", "192.88.")
    return Opening(**(opening.__dict__ | {"network": network}))


def token_at(client: str, at: datetime) -> str:
    """A client asks for a token when its last one is over: one for some minutes."""
    return f"{client[:8]}{int(at.timestamp() // TOKEN_LASTS.total_seconds()):08x}"
