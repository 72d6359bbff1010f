"""How much time agendas were or will be open: the basis of fill rates."""

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

from django.utils import timezone

from practitioners.domain.scheduling.agenda_time import AgendaTime, load_agenda_times
from practitioners.domain.scheduling.reservations.pieces import Period
from practitioners.domain.scheduling.wall_clock import day_bounds, instant, occurs_on
from practitioners.models import Practice


def open_minutes(
    *, practice: Practice, agenda_ids: Iterable[uuid.UUID], since: date, until: date
) -> dict[date, float]:
    """Minutes of patients' time that agendas of a practice offer on each day of [since, until].

    Opening hours less absences and, where the agenda is closed then, public holidays. A session
    counts once for each of its places; overlapping opening hours for consultations count once.
    """
    times = load_agenda_times(
        agenda_ids=agenda_ids,
        since=day_bounds(since, practice.zone)[0],
        until=day_bounds(until, practice.zone)[1],
        now=timezone.now(),
    )
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return {day: sum(_minutes_of(agenda, day) for agenda in times.values()) for day in days}


def _minutes_of(agenda: AgendaTime, day: date) -> float:
    if agenda.is_closed(day):
        return 0.0
    own: list[Period] = []
    minutes = 0.0
    for opening, _reasons in agenda.openings:
        if not occurs_on(opening, day):
            continue
        period = (
            instant(day, opening.from_time, agenda.zone),
            instant(day, opening.until_time, agenda.zone),
        )
        if opening.slot_minutes is None:
            own.append(period)
        else:
            minutes += opening.capacity * _left([period], agenda.absences)
    return minutes + _left(own, agenda.absences)


def _left(periods: list[Period], absences: list[Period]) -> float:
    """Minutes that some periods cover together, less absences."""
    edges = sorted({edge for period in (*periods, *absences) for edge in period})
    minutes = 0.0
    for begins, ends in pairwise(edges):
        covered = any(a <= begins and ends <= b for a, b in periods)
        if covered and not any(a <= begins and ends <= b for a, b in absences):
            minutes += (ends - begins).total_seconds() / 60
    return minutes
