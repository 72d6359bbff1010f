"""A practice's statistics: how full, how far ahead, who did not come. No identity is opened."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median

from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling.availability import free_slots_of_many
from practitioners.domain.scheduling.hours.opened import open_minutes
from practitioners.domain.scheduling.wall_clock import day_bounds, monday_of
from practitioners.models import Agenda, Practice, VisitReason

# Third next available appointment: the usual measure of access, since a first free slot is often
# one that has just been given back (Murray and Berwick, JAMA 2003;289:1035).
THIRD, LOOK_AHEAD = 3, timedelta(days=90)


@dataclass(kw_only=True)
class Week:
    """One week, from Monday, of the practice's clock."""

    monday: date
    open_minutes: float = 0.0
    booked_minutes: float = 0.0
    visits: int = 0
    no_shows: int = 0
    cancelled: int = 0
    cancelled_late: int = 0

    @property
    def fill(self) -> float | None:
        """The share of the open time that is booked, in percent; None where nothing is open."""
        if not self.open_minutes:
            return None
        return 100 * self.booked_minutes / self.open_minutes

    @property
    def height(self) -> int:
        """Of its bar, in percent: bookings outside of openings make no bar higher than full."""
        return round(min(100.0, self.fill or 0.0))


@dataclass(kw_only=True)
class Wait:
    """How many days it takes until the third free slot of a visit reason; None beyond reach."""

    agenda: Agenda
    reason: VisitReason
    days: int | None


@dataclass(kw_only=True)
class Statistics:
    """The sums of some weeks. Shares in percent, None where there is nothing to divide by."""

    weeks: list[Week]
    visits: int = 0
    over: int = 0
    no_shows: int = 0
    cancelled: int = 0
    cancelled_late: int = 0
    new_patients: int = 0
    lead_days: float | None = None
    channels: dict[str, int] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)

    @property
    def fill(self) -> float | None:
        """Of all weeks together."""
        opened = sum(week.open_minutes for week in self.weeks)
        return 100 * sum(week.booked_minutes for week in self.weeks) / opened if opened else None

    @property
    def no_show_share(self) -> float | None:
        """Of the visits that are over and marked."""
        return 100 * self.no_shows / self.over if self.over else None

    @property
    def late_share(self) -> float | None:
        """Of all that was ever booked in these weeks, what patients cancelled late."""
        booked = self.visits + self.cancelled
        return 100 * self.cancelled_late / booked if booked else None

    @property
    def cancelled_share(self) -> float | None:
        """Of all that was ever booked in these weeks."""
        booked = self.visits + self.cancelled
        return 100 * self.cancelled / booked if booked else None


def statistics_of(
    practice: Practice, agendas: Sequence[Agenda], *, weeks: int, now: datetime
) -> Statistics:
    """The figures of the last weeks, this one included, for some agendas of a practice."""
    today = now.astimezone(practice.zone).date()
    this = monday_of(today)
    first, last = this - timedelta(weeks=weeks - 1), this + timedelta(days=6)
    found = Statistics(weeks=[Week(monday=first + timedelta(weeks=n)) for n in range(weeks)])
    by_monday = {week.monday: week for week in found.weeks}
    opened = open_minutes(
        practice=practice, agenda_ids=[each.pk for each in agendas], since=first, until=last
    )
    for day, minutes in opened.items():
        by_monday[monday_of(day)].open_minutes += minutes
    _count(found, by_monday, practice, agendas, first=first, last=last)
    found.waits = _waits(agendas, now=now)
    return found


def _count(
    found: Statistics,
    by_monday: dict[date, Week],
    practice: Practice,
    agendas: Sequence[Agenda],
    *,
    first: date,
    last: date,
) -> None:
    rows = Appointment.objects.filter(
        agenda__in=agendas,
        starts_at__gte=day_bounds(first, practice.zone)[0],
        starts_at__lt=day_bounds(last, practice.zone)[1],
    ).values_list(
        "starts_at", "ends_at", "created_at", "status", "channel", "new_patient", "cancelled_late"
    )
    ahead: list[float] = []
    channels: Counter[str] = Counter()
    for starts_at, ends_at, created_at, status, channel, is_new, is_late in rows.iterator(
        chunk_size=5000
    ):
        day = starts_at.astimezone(practice.zone).date()
        week = by_monday[monday_of(day)]
        if status == Status.CANCELLED:
            week.cancelled += 1
            week.cancelled_late += is_late
            continue
        week.visits += 1
        week.booked_minutes += (ends_at - starts_at).total_seconds() / 60
        week.no_shows += status == Status.NO_SHOW
        found.over += status in (Status.SEEN, Status.NO_SHOW)
        found.new_patients += is_new
        channels[channel] += 1
        ahead.append(max(0.0, (starts_at - created_at).total_seconds() / 86400))
    found.visits = sum(week.visits for week in found.weeks)
    found.no_shows = sum(week.no_shows for week in found.weeks)
    found.cancelled = sum(week.cancelled for week in found.weeks)
    found.cancelled_late = sum(week.cancelled_late for week in found.weeks)
    found.lead_days = median(ahead) if ahead else None
    found.channels = {channel: channels[channel] for channel in Channel.values}


def _waits(agendas: Sequence[Agenda], *, now: datetime) -> list[Wait]:
    reasons = list(
        VisitReason.objects.filter(agenda__in=agendas, active=True, agenda__active=True).order_by(
            "agenda__practitioner__last_name", "name", "pk"
        )
    )
    own = {agenda.pk: agenda for agenda in agendas}
    free = free_slots_of_many(visit_reasons=reasons, since=now, until=now + LOOK_AHEAD, now=now)
    found = []
    for reason in reasons:
        places: dict[datetime, int] = defaultdict(int)
        for slot in free[reason.pk]:
            places[slot.starts_at] += slot.places
        third, left = None, THIRD
        for starts_at, count in sorted(places.items()):
            left -= count
            if left <= 0:
                third = starts_at
                break
        agenda = own[reason.agenda_id]
        zone = agenda.practice.zone
        days = (third.astimezone(zone).date() - now.astimezone(zone).date()).days if third else None
        found.append(Wait(agenda=agenda, reason=reason, days=days))
    return found
