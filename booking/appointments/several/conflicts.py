"""A patient's conflicting visits: at the same time, or with the same practitioner within a day.

They are not forbidden: the patient or the practice is informed, and asked to confirm. The caller
passes the appointments that the reader may know of (`seen`). A patient sees all of their own; a
practice, and software that books for it, only those of that practice: an appointment elsewhere is
health data of another controller.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from audit.refusal import Refusal
from booking.models import Appointment
from booking.models.appointment import Status

WITHIN = timedelta(days=1)
# The day on which clocks go back is an hour longer.
LONGEST_DAY = timedelta(hours=25)


class Kind(StrEnum):
    """The kind of conflict between two visits of a patient."""

    SAME_TIME = "same-time"
    SAME_PRACTITIONER = "same-practitioner"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A visit that is about to be booked or moved."""

    patient_id: uuid.UUID
    practitioner_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A wanted visit, and a booked visit of the same patient that conflicts with it."""

    kind: Kind
    wanted: Wanted
    other: Appointment


class AlsoBooked(Refusal):
    """The patient has a conflicting visit, and nobody has confirmed yet that both are intended."""

    def __init__(self, conflicts: Sequence[Conflict], *, among: int = 1) -> None:
        super().__init__(_question(conflicts, among=among))
        self.conflicts = conflicts


def _question(found: Sequence[Conflict], *, among: int) -> str:
    """Ask about one other visit, about several of one person, or about those of several people.

    `among`: how many people are booked for at once.
    """
    people = {each.wanted.patient_id for each in found}
    others = {each.other.pk for each in found}
    if len(people) > 1:
        text = _(
            "%(n)d personnes ont déjà un autre rendez-vous."
            " Confirmez que vous voulez garder tous ces rendez-vous."
        )
        return text % {"n": len(people)}
    if len(others) > 1:
        return (
            _(
                "Une de ces personnes a déjà d’autres rendez-vous."
                " Confirmez que vous voulez tous les garder."
            )
            if among > 1
            else _(
                "Cette personne a déjà d’autres rendez-vous."
                " Confirmez que vous voulez tous les garder."
            )
        )
    return (
        _("Une de ces personnes a déjà un autre rendez-vous. Confirmez que vous voulez les deux.")
        if among > 1
        else _("Cette personne a déjà un autre rendez-vous. Confirmez que vous voulez les deux.")
    )


def conflicts(
    *,
    wanted: Iterable[Wanted],
    seen: QuerySet[Appointment],
    leaving: Iterable[Appointment] = (),
) -> list[Conflict]:
    """Return the visits among `seen` that conflict with the wanted ones, soonest first.

    Visits with two practitioners conflict if their times overlap; visits with one practitioner if
    they start less than a day apart, or on the same local day of the practice. `leaving` are visits
    that the wanted ones replace. One query.
    """
    asked = list(wanted)
    if not asked:
        return []
    rows = (
        seen.filter(
            patient__in={each.patient_id for each in asked},
            starts_at__lt=max(each.ends_at for each in asked) + LONGEST_DAY,
            ends_at__gt=min(each.starts_at for each in asked) - LONGEST_DAY,
        )
        .exclude(status__in=[Status.CANCELLED, Status.NO_SHOW])
        .exclude(pk__in=[row.pk for row in leaving])
        .select_related("agenda__practitioner", "practice", "visit_reason")
        .order_by("starts_at", "pk")
    )
    pairs = [(each, row) for row in rows for each in asked if each.patient_id == row.patient_id]
    found = [(_kind(each, row), each, row) for each, row in pairs]
    return [
        Conflict(kind=kind, wanted=each, other=row) for kind, each, row in found if kind is not None
    ]


def _kind(wanted: Wanted, other: Appointment) -> Kind | None:
    if wanted.practitioner_id != other.agenda.practitioner_id:
        overlaps = wanted.starts_at < other.ends_at and other.starts_at < wanted.ends_at
        return Kind.SAME_TIME if overlaps else None
    zone = other.practice.zone
    days = {at.astimezone(zone).date() for at in (wanted.starts_at, other.starts_at)}
    is_near = abs(wanted.starts_at - other.starts_at) < WITHIN
    return Kind.SAME_PRACTITIONER if is_near or len(days) == 1 else None


def check(*, appointments: Iterable[Appointment], seen: QuerySet[Appointment]) -> None:
    """Ask about appointments that are being booked or moved together, before they are committed.

    Raises AlsoBooked; the transaction must be rolled back then.
    """
    found = [each for row in appointments for each in conflicts_of(appointment=row, seen=seen)]
    if found:
        raise AlsoBooked(found)


def each_or_ask(books: Iterable[Callable[[], Appointment]], *, among: int = 1) -> list[Appointment]:
    """Book several appointments in turn, and ask once about all their conflicts.

    Each call books in a savepoint of its own; `among` people are booked for. Raises AlsoBooked with
    all conflicts; the transaction must be rolled back then.
    """
    made: list[Appointment] = []
    found: list[Conflict] = []
    for book in books:
        try:
            made.append(book())
        except AlsoBooked as asked:
            found += asked.conflicts
    if found:
        raise AlsoBooked(found, among=among)
    return made


def conflicts_of_move(
    *, appointment: Appointment, starts_at: datetime, seen: QuerySet[Appointment]
) -> list[Conflict]:
    """Return the visits that would conflict with an appointment at another time.

    A visit and its follow-up visit count as one, and each is checked separately.
    """
    wanted = Wanted(
        patient_id=appointment.patient_id,
        practitioner_id=appointment.agenda.practitioner_id,
        starts_at=starts_at,
        ends_at=starts_at + (appointment.ends_at - appointment.starts_at),
    )
    others = _without_chain(appointment, seen)
    return conflicts(wanted=[wanted], seen=others, leaving=[appointment])


def conflicts_of(
    *, appointment: Appointment, seen: QuerySet[Appointment], leaving: Iterable[Appointment] = ()
) -> list[Conflict]:
    """Return the visits that conflict with an appointment as it is.

    A visit and its follow-up visit count as one.
    """
    wanted = Wanted(
        patient_id=appointment.patient_id,
        practitioner_id=appointment.agenda.practitioner_id,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
    )
    others = _without_chain(appointment, seen)
    return conflicts(wanted=[wanted], seen=others, leaving=leaving)


def _without_chain(appointment: Appointment, seen: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Leave out a visit, its first visit and its follow-up visit."""
    chain = [appointment.pk, appointment.follows_id] if appointment.follows_id else [appointment.pk]
    return seen.exclude(pk__in=chain).exclude(follows=appointment.pk)
