"""Opening hours and absences of an agenda: when its visit reasons can be booked, and when not."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from practitioners import actions
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.scheduling.wall_clock import instant, occurs_on
from practitioners.models import Absence, Agenda, Opening, Taken, VisitReason
from practitioners.models.taken import SEATS_AN_OPENING

LOOK_AHEAD_DAYS = 730


class ImportedAbsence(Refusal):
    """The absence comes from an external calendar, and cannot be changed by hand."""

    text = _("Cette absence vient d’un calendrier importé.")
    code = "imported_absence"


class OverlapsOpening(Refusal):
    """These opening hours for consultations overlap others of the same agenda."""

    text = _("Cette plage recouvre une autre plage de consultation du même jour.")
    code = "overlaps_opening"


@dataclass(frozen=True, kw_only=True)
class OpeningSpec:
    """The content of opening hours. Times are the practice's local time, `until_date` is
    exclusive.
    """

    starts_on: date
    until_date: date | None
    every_weeks: int
    from_time: time
    until_time: time
    capacity: int
    slot_minutes: int | None
    visit_reasons: tuple[VisitReason, ...]


class Wrong(Enum):
    """What is wrong with an opening as it was given; forms and the API say it in their words."""

    NO_TIME = "it ends before it begins"
    NO_DAY = "its last day comes before its first"
    NO_SLOTS = "it has several seats and no length of its slots"


JUDGED = ("starts_on", "from_time", "until_time", "capacity", "slot_minutes")


def wrong_in(
    *,
    starts_on: date | None,
    until_date: date | None,
    from_time: time | None,
    until_time: time | None,
    capacity: int | None,
    slot_minutes: int | None,
) -> list[Wrong]:
    """Say what is wrong with an opening, wherever it was given; what was not given is not judged.

    As in OpeningSpec, `until_date` is exclusive.
    """
    found = []
    if from_time is not None and until_time is not None and until_time <= from_time:
        found.append(Wrong.NO_TIME)
    if starts_on is not None and until_date is not None and until_date <= starts_on:
        found.append(Wrong.NO_DAY)
    if (capacity or 1) > 1 and not slot_minutes:
        found.append(Wrong.NO_SLOTS)
    return found


@transaction.atomic
def save_opening(
    *, agenda: Agenda, spec: OpeningSpec, actor: Actor, opening: Opening | None = None
) -> Opening:
    """Create or change opening hours, with an entry in the record. Raises OverlapsOpening.

    Booked appointments stay as they are; `touched_by_opening` returns those within the opening
    hours.
    """
    Agenda.objects.select_for_update(no_key=True).get(pk=agenda.pk)
    row = opening or Opening(agenda=agenda, number=_next_number(agenda))
    for name in (
        "starts_on",
        "until_date",
        "every_weeks",
        "from_time",
        "until_time",
        "capacity",
        "slot_minutes",
    ):
        setattr(row, name, getattr(spec, name))
    if row.slot_minutes is None and _overlaps_another(row):
        raise OverlapsOpening
    row.save()
    row.visit_reasons.set(spec.visit_reasons)
    _note(actions.OPENING_SAVED, agenda, actor, row.pk)
    return row


@transaction.atomic
def delete_opening(*, opening: Opening, actor: Actor) -> None:
    """Delete opening hours, with an entry in the record. Booked appointments stay."""
    agenda, opening_id = opening.agenda, opening.pk
    opening.delete()
    _note(actions.OPENING_DELETED, agenda, actor, opening_id)


def _note(action: Action, agenda: Agenda, actor: Actor, object_id: uuid.UUID) -> None:
    entries.write(
        action,
        actor=actor,
        practice_id=agenda.practice_id,
        object_id=object_id,
        details={"agenda": agenda.pk},
    )
    transaction.on_commit(lambda: mark_stale(agenda.pk), robust=True)


def _next_number(agenda: Agenda) -> int:
    """The next number; numbers are not reused, so that places of a deleted session are not
    either.
    """
    highest = agenda.openings.aggregate(most=Max("number"))["most"] or 0
    seats = Taken.objects.filter(agenda=agenda).aggregate(most=Max("seat"))["most"] or 0
    return max(highest, seats // SEATS_AN_OPENING) + 1


def _overlaps_another(row: Opening) -> bool:
    others = (
        Opening.objects.filter(agenda_id=row.agenda_id, slot_minutes__isnull=True)
        .exclude(pk=row.pk)
        .filter(from_time__lt=row.until_time, until_time__gt=row.from_time)
    )
    days = [row.starts_on + timedelta(weeks=n) for n in range(LOOK_AHEAD_DAYS // 7)]
    days = [day for day in days if occurs_on(row, day)]
    return any(occurs_on(other, day) for other in others for day in days)


def touched_by_opening(*, opening: Opening, now: datetime) -> list[Taken]:
    """Return the future reservations within the opening hours as they are now."""
    zone = opening.agenda.practice.zone
    rows = Taken.objects.filter(
        agenda_id=opening.agenda_id, period__endswith__gt=now, hold_until__isnull=True
    ).order_by("period", "pk")
    touched = []
    for row in rows:
        day = row.period.lower.astimezone(zone).date()
        if (
            occurs_on(opening, day)
            and instant(day, opening.from_time, zone) < row.period.upper
            and row.period.lower < instant(day, opening.until_time, zone)
        ):
            touched.append(row)
    return touched


def touched_by_absence(
    *, agenda_ids: Iterable[uuid.UUID], starts_at: datetime, until: datetime
) -> list[Taken]:
    """Return the reservations that an absence would close, without holds."""
    return list(
        Taken.objects.filter(
            Q(hold_until__isnull=True),
            agenda_id__in=list(agenda_ids),
            period__overlap=(starts_at, until),
        ).order_by("period", "pk")
    )


@transaction.atomic
def add_absence(
    *, agenda: Agenda, starts_at: datetime, until: datetime, label: str, actor: Actor
) -> Absence:
    """Add an absence to an agenda, with an entry in the record. Booked appointments stay booked."""
    row = Absence.objects.create(agenda=agenda, starts_at=starts_at, until=until, label=label)
    _note(actions.ABSENCE_ADDED, agenda, actor, row.pk)
    return row


@transaction.atomic
def remove_absence(*, absence: Absence, actor: Actor) -> None:
    """Delete an absence, with an entry in the record. Raises ImportedAbsence."""
    if absence.imported_from is not None:
        raise ImportedAbsence
    agenda, absence_id = absence.agenda, absence.pk
    absence.delete()
    _note(actions.ABSENCE_REMOVED, agenda, actor, absence_id)


@transaction.atomic
def save_reason(*, reason: VisitReason, actor: Actor) -> VisitReason:
    """Save a new or changed visit reason, with an entry in the record."""
    reason.save()
    _note(actions.VISIT_REASON_SAVED, reason.agenda, actor, reason.pk)
    return reason
