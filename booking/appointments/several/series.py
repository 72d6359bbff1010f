"""Series: several appointments booked together, at the same hour every few weeks or near it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.record.entries import Actor
from audit.refusal import Refusal
from booking.appointments import change, undo
from booking.appointments.book import NotForThisPatient, OutsideOpening, SlotTaken, book
from booking.appointments.news import owed
from booking.appointments.queries.series import cancelled_with
from booking.appointments.queries.standing import standing
from booking.appointments.several import conflicts
from booking.appointments.values import By, Conditions, Telling
from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling import availability, wall_clock
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.rules.eligibility import is_restricted, restriction
from practitioners.domain.scheduling.standing import Standing, Why, standings_at
from practitioners.domain.scheduling.why_not import in_the_way, why_not
from practitioners.models import VisitReason

# A practice may go further than a patient, whom the visit reason bounds.
PRACTICE_AT_MOST = 30
WEEKS_AT_MOST = 8
CHOICES = 4


class CannotRepeat(Refusal):
    """These appointments cannot be booked; `text` gives the reason."""

    too_many = _("Ce motif ne permet pas autant de séances d’un coup.")
    over = _("Ce rendez-vous ne peut plus être répété.")
    nothing = _("Choisissez au moins une date.")
    unread = _("Une des heures n’est pas lisible : choisissez de nouveau. Rien n’est réservé.")
    gone = _("Un des créneaux n’est pas libre : choisissez de nouveau. Rien n’est réservé.")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One day of a series: its free slots, the one nearest to the wanted hour first."""

    day: date
    wished: datetime
    choices: list[datetime]
    # Why the wished hour is not among them; "" where it is.
    why_not: str = ""

    @property
    def is_as_wished(self) -> bool:
        return self.wished in self.choices


def at_most(appointment: Appointment, *, channel: Channel, now: datetime) -> int:
    """The number of appointments that can still be added to this one at once.

    Zero if the patient may not book the visit reason again, such as "first visit".
    """
    if channel == Channel.PRACTICE:
        return PRACTICE_AT_MOST
    if appointment.visit_reason.series_at_most < 2 or _is_refused(appointment, now=now):
        return 0
    there = 1
    if appointment.series is not None:
        same = Appointment.unscoped.filter(
            patient=appointment.patient_id, series=appointment.series
        )
        there = same.exclude(status=Status.CANCELLED).count()
    return max(0, appointment.visit_reason.series_at_most - there)


def _is_refused(appointment: Appointment, *, now: datetime) -> bool:
    reason = appointment.visit_reason
    reason.agenda = appointment.agenda
    if not (reason.active and reason.agenda.active):
        return True
    if not is_restricted([reason]):
        return False
    patients = Patient.unscoped.filter(pk=appointment.patient_id)
    people = standing(patients, agenda=reason.agenda, now=now)
    bookers = [person.as_booker(says_known=True) for person in people]
    return any(restriction(reason, booker) is not None for booker in bookers)


def propose(
    *, appointment: Appointment, every_weeks: int, count: int, channel: Channel, now: datetime
) -> list[Proposal]:
    """Return the free slots on `count` days after an appointment, around its local hour.

    The hour stays the same when the clocks change. A practice is offered the hour wherever it is
    free, even if no slot starts then. Nothing is held yet.
    """
    reason = appointment.visit_reason
    zone = appointment.practice.zone
    local = appointment.starts_at.astimezone(zone)
    days = [local.date() + timedelta(weeks=every_weeks * n) for n in range(1, count + 1)]
    since, until = (
        wall_clock.day_bounds(days[0], zone)[0],
        wall_clock.day_bounds(days[-1], zone)[1],
    )
    slots = availability.free_slots(
        visit_reason=reason,
        since=since,
        until=until,
        now=now,
        online=channel == Channel.PATIENT,
    )
    by_day: dict[date, list[datetime]] = {}
    for slot in slots:
        by_day.setdefault(slot.starts_at.astimezone(zone).date(), []).append(slot.starts_at)
    all_wished = [wall_clock.instant(day, local.time(), zone) for day in days]
    standings = standings_at(visit_reason=reason, starts=all_wished, now=now)
    found = []
    for day, wished, stands in zip(days, all_wished, standings, strict=True):
        near = sorted(by_day.get(day, []), key=lambda at, to=wished: (abs(at - to), at))  # type: ignore[misc]
        if wished not in near and _is_free(reason, stands, channel):
            near.insert(0, wished)
        text = "" if wished in near else _why_not(reason, wished, stands, channel, now=now)
        found.append(Proposal(day=day, wished=wished, choices=near[:CHOICES], why_not=text))
    return found


def _is_free(reason: VisitReason, standing: Standing, channel: Channel) -> bool:
    """Whether a practice may use an hour at which no slot starts; the follow-up visit needs one."""
    return channel == Channel.PRACTICE and standing.why == Why.FREE and reason.then_id is None


def _why_not(
    reason: VisitReason, wished: datetime, standing: Standing, channel: Channel, *, now: datetime
) -> str:
    """The reason why an hour is not offered; notice and horizon apply only to patients."""
    if channel == Channel.PRACTICE and (text := in_the_way(standing)):
        return text
    return why_not(visit_reason=reason, starts_at=wished, now=now, standing=standing)


def conflicts_of(
    *, appointment: Appointment, proposals: Iterable[Proposal], seen: QuerySet[Appointment]
) -> list[conflicts.Conflict]:
    """Return the conflicts of the proposed times, among the visits that the reader may see."""
    length = appointment.ends_at - appointment.starts_at
    wanted = [
        conflicts.Wanted(
            patient_id=appointment.patient_id,
            practitioner_id=appointment.agenda.practitioner_id,
            starts_at=at,
            ends_at=at + length,
        )
        for proposal in proposals
        for at in proposal.choices
    ]
    return conflicts.conflicts(wanted=wanted, seen=seen)


def is_booked(*, appointment: Appointment, starts: Sequence[datetime]) -> bool:
    """Whether the patient already has visits of the same reason at all of these times."""
    mine = Appointment.objects.filter(
        patient=appointment.patient_id, visit_reason=appointment.visit_reason_id,
        starts_at__in=starts,
    ).exclude(status=Status.CANCELLED)  # fmt: skip
    return bool(starts) and mine.count() == len(set(starts))


@transaction.atomic
def book_series(
    *,
    appointment: Appointment,
    starts: Sequence[datetime],
    by: By,
    now: datetime,
    heeding: QuerySet[Appointment] | None = None,
) -> list[Appointment]:
    """Book more appointments like this one, all or none; one confirmation covers all.

    Raises CannotRepeat, and AlsoBooked as `book` does.
    """
    take.queue_for(appointment.visit_reason)
    row = Appointment.unscoped.select_for_update(no_key=True).get(pk=appointment.pk)
    if row.status == Status.CANCELLED:
        raise CannotRepeat(CannotRepeat.over)
    if not starts:
        raise CannotRepeat(CannotRepeat.nothing)
    wanted = sorted(set(starts))
    if len(wanted) > at_most(row, channel=by.channel, now=now):
        raise CannotRepeat(CannotRepeat.too_many)
    standings = standings_at(visit_reason=row.visit_reason, starts=wanted, now=now)
    free = {
        at
        for at, stands in zip(wanted, standings, strict=True)
        if _is_free(row.visit_reason, stands, by.channel)
    }
    if row.series is None:
        row.series = new_id()
        row.save(update_fields=["series"])
    try:
        books = [
            partial(
                book,
                visit_reason=row.visit_reason,
                starts_at=starts_at,
                patient=row.patient,
                by=by,
                conditions=Conditions(says_known=True, anywhere=starts_at in free, heeding=heeding),
                now=now,
                series=row.series,
            )
            for starts_at in wanted
        ]
        made = conflicts.each_or_ask(books)
    except (SlotTaken, OutsideOpening, NotForThisPatient) as error:
        raise CannotRepeat(CannotRepeat.gone) from error
    owed.owe_for_series(first=made[0], now=now)
    return made


def following(appointment: Appointment) -> list[Appointment]:
    """The later appointments of the same series that are still booked, soonest first."""
    if appointment.series is None:
        return []
    same = Appointment.unscoped.filter(patient=appointment.patient_id, series=appointment.series)
    rows = same.filter(starts_at__gt=appointment.starts_at, status=Status.BOOKED)
    return list(rows.order_by("starts_at", "pk"))


@transaction.atomic
def cancel_with_following(
    *,
    appointment: Appointment,
    by: By,
    now: datetime,
    undo_within: timedelta = timedelta(),
    stands_at: datetime | None = None,
) -> list[Appointment]:
    """Cancel an appointment and the later ones of its series, all or none; one message tells all.

    `stands_at`: where the first stood on the page from which it is cancelled. Raises NotActive, and
    MovedMeanwhile of it.
    """
    cancelled, is_told = list[Appointment](), False
    for row in (appointment, *following(appointment)):
        cancelled.append(
            change.cancel(
                appointment=row,
                by=by,
                telling=Telling(is_told=is_told),
                now=now,
                undo_within=undo_within,
                stands_at=stands_at if row == appointment else None,
            )
        )
        is_told = is_told or owed.is_news(row, now=now)
    return cancelled


@transaction.atomic
def restore(
    *, appointment: Appointment, actor: Actor, now: datetime, channel: Channel = Channel.PRACTICE
) -> list[Appointment]:
    """Undo a cancellation and those made with it. Raises TooLateToUndo."""
    rows = [appointment, *cancelled_with(appointment)]
    return [undo.restore(appointment=row, actor=actor, now=now, channel=channel) for row in rows]
