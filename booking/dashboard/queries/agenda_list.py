"""The agenda as a list of a day's visits, and as a month of counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from audit.record.entries import Actor
from audit.vault.reveal import Purpose
from booking.appointments.queries.appointments import Shown, show, with_related
from booking.models import Appointment
from practitioners.domain.scheduling.hours.opened import open_minutes
from practitioners.domain.scheduling.wall_clock import day_bounds, monday_of
from practitioners.models import Agenda


@dataclass(frozen=True, kw_only=True)
class MonthDay:
    """A day of the month's view: how many visits, and whether anything is open then."""

    day: date
    is_of_month: bool
    visits: int
    is_open: bool


def visits_of_day(*, agendas: Sequence[Agenda], day: date, actor: Actor) -> list[Shown]:
    """A day's visits in order of time, with late cancellations; the names in one entry."""
    begins, ends = day_bounds(day, agendas[0].practice.zone)
    rows = (
        with_related()
        .filter(agenda__in=agendas, starts_at__gte=begins, starts_at__lt=ends)
        .exclude(status="cancelled", cancelled_late=False)
        .order_by("starts_at", "agenda__practitioner__last_name", "pk")
    )
    return show(list(rows), actor=actor, purpose=Purpose.CARE)


def cancelled_late(*, agendas: Sequence[Agenda], days: Sequence[date]) -> list[Appointment]:
    """The visits of some days that patients cancelled late, in order of time; without names."""
    zone = agendas[0].practice.zone
    rows = with_related().filter(
        agenda__in=agendas,
        cancelled_late=True,
        starts_at__gte=day_bounds(days[0], zone)[0],
        starts_at__lt=day_bounds(days[-1], zone)[1],
    )
    return list(rows.order_by("starts_at", "pk"))


def month_of(*, agendas: Sequence[Agenda], day: date) -> list[list[MonthDay]]:
    """The weeks, from Monday, that the month of `day` touches. Counts alone: nobody is opened."""
    practice = agendas[0].practice
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    begin = monday_of(first)
    end = monday_of(following + timedelta(days=6))
    starts = (
        Appointment.objects.filter(
            agenda__in=agendas,
            starts_at__gte=day_bounds(begin, practice.zone)[0],
            starts_at__lt=day_bounds(end, practice.zone)[0],
        )
        .exclude(status="cancelled")
        .values_list("starts_at", flat=True)
    )
    counted = Counter(at.astimezone(practice.zone).date() for at in starts)
    opened = open_minutes(
        practice=practice,
        agenda_ids=[agenda.pk for agenda in agendas],
        since=begin,
        until=end - timedelta(days=1),
    )
    days = [begin + timedelta(days=n) for n in range((end - begin).days)]
    shown = [
        MonthDay(
            day=each,
            is_of_month=each.month == day.month,
            visits=counted[each],
            is_open=opened[each] > 0,
        )
        for each in days
    ]
    return [shown[n : n + 7] for n in range(0, len(shown), 7)]
