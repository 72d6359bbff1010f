"""Copying the opening hours of a week, or of a usual week (a template), to other weeks.

Absences and public holidays are not part of a template: they apply to the new weeks as usual.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from practitioners import actions
from practitioners.domain.scheduling.hours.openings import (
    OpeningSpec,
    OverlapsOpening,
    delete_opening,
    save_opening,
)
from practitioners.domain.scheduling.wall_clock import monday_of, occurs_on
from practitioners.models import Agenda, Opening, OpeningTemplate, VisitReason

A_WEEK = timedelta(days=7)


class NothingOpen(Refusal):
    """The week has no opening hours, so a template of it would be empty."""

    text = _("Cette semaine-là, rien n’est ouvert.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """The opening hours of one weekday: `weekday` 0 is Monday; times are the practice's local
    time.
    """

    weekday: int
    from_time: time
    until_time: time
    capacity: int
    slot_minutes: int | None
    reason_ids: tuple[uuid.UUID, ...]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The result: the opening hours created, and the number that already existed or did not fit."""

    made: list[Opening]
    left_out: int


def lines_of_week(*, agenda: Agenda, day: date) -> list[Line]:
    """Return the opening hours of the week that contains a day."""
    monday = monday_of(day)
    rows = agenda.openings.prefetch_related("visit_reasons").order_by("from_time", "number")
    return [
        Line(
            weekday=weekday,
            from_time=row.from_time,
            until_time=row.until_time,
            capacity=row.capacity,
            slot_minutes=row.slot_minutes,
            reason_ids=tuple(reason.pk for reason in row.visit_reasons.all()),
        )
        for weekday in range(7)
        for row in rows
        if occurs_on(row, monday + timedelta(days=weekday))
    ]


def lines_of(template: OpeningTemplate) -> list[Line]:
    """Return the opening hours of a template's week."""
    return [
        Line(
            weekday=each["weekday"],
            from_time=time.fromisoformat(each["from"]),
            until_time=time.fromisoformat(each["until"]),
            capacity=each["capacity"],
            slot_minutes=each["slot_minutes"],
            reason_ids=tuple(uuid.UUID(text) for text in each["reasons"]),
        )
        for each in template.lines
    ]


@transaction.atomic
def save_template(*, agenda: Agenda, name: str, day: date, actor: Actor) -> OpeningTemplate:
    """Save the week that contains a day as a template, with an entry. Raises NothingOpen.

    A template of the same name is replaced.
    """
    lines = lines_of_week(agenda=agenda, day=day)
    if not lines:
        raise NothingOpen
    template, _made = OpeningTemplate.objects.update_or_create(
        agenda=agenda, name=name, defaults={"lines": [_as_json(line) for line in lines]}
    )
    entries.write(
        actions.OPENING_TEMPLATE_SAVED,
        actor=actor,
        practice_id=agenda.practice_id,
        object_id=template.pk,
    )
    return template


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "weekday": line.weekday,
        "from": line.from_time.isoformat("minutes"),
        "until": line.until_time.isoformat("minutes"),
        "capacity": line.capacity,
        "slot_minutes": line.slot_minutes,
        "reasons": [str(pk) for pk in line.reason_ids],
    }


@transaction.atomic
def delete_template(*, template: OpeningTemplate, actor: Actor) -> None:
    """Delete a template, with an entry. Opening hours that were created from it stay."""
    agenda, template_id = template.agenda, template.pk
    template.delete()
    entries.write(
        actions.OPENING_TEMPLATE_DELETED,
        actor=actor,
        practice_id=agenda.practice_id,
        object_id=template_id,
        details={"agenda": agenda.pk},
    )


@transaction.atomic
def open_weeks(
    *,
    agenda: Agenda,
    lines: Sequence[Line],
    first: date,
    weeks: int,
    actor: Actor,
    replaces: bool = False,
) -> Opened:
    """Create the opening hours of these lines in consecutive weeks, from the one that contains
    `first`.

    Each is created once, with an entry. Existing opening hours stay, and new ones that would
    overlap them are left out; with `replaces`, those weeks get only the new opening hours, and
    recurring ones continue after them. Visit reasons that no longer exist are left out. Booked
    appointments stay as they are.
    """
    reasons = {row.pk: row for row in VisitReason.objects.filter(agenda=agenda)}
    made: list[Opening] = []
    left_out = 0
    for n in range(weeks):
        monday = monday_of(first) + n * A_WEEK
        if replaces:
            _clear(agenda=agenda, monday=monday, actor=actor)
        there = lines_of_week(agenda=agenda, day=monday)
        for line in lines:
            row = None if _stands(line, there) else _open(agenda, line, monday, reasons, actor)
            if row is None:
                left_out += 1
            else:
                made.append(row)
    return Opened(made=made, left_out=left_out)


def _stands(line: Line, there: Iterable[Line]) -> bool:
    def shape(each: Line) -> tuple[object, ...]:
        return (
            each.weekday, each.from_time, each.until_time, each.slot_minutes, each.capacity,
        )  # fmt: skip

    return any(shape(line) == shape(each) for each in there)


def _open(
    agenda: Agenda,
    line: Line,
    monday: date,
    reasons: dict[uuid.UUID, VisitReason],
    actor: Actor,
) -> Opening | None:
    spec = OpeningSpec(
        starts_on=monday + timedelta(days=line.weekday),
        until_date=None,
        every_weeks=0,
        from_time=line.from_time,
        until_time=line.until_time,
        capacity=line.capacity,
        slot_minutes=line.slot_minutes,
        visit_reasons=tuple(reasons[pk] for pk in line.reason_ids if pk in reasons),
    )
    try:
        with transaction.atomic():
            return save_opening(agenda=agenda, spec=spec, actor=actor)
    except OverlapsOpening:
        return None


def _clear(*, agenda: Agenda, monday: date, actor: Actor) -> None:
    """Take a week out of all opening hours: recurring ones end before it and begin again after
    it.
    """
    after = monday + A_WEEK
    for row in list(agenda.openings.prefetch_related("visit_reasons")):
        days = [monday + timedelta(days=n) for n in range(7)]
        if not any(occurs_on(row, day) for day in days):
            continue
        resumes = row.starts_on
        while row.every_weeks and resumes < after:
            resumes += row.every_weeks * A_WEEK
        goes_on = row.every_weeks and (row.until_date is None or resumes < row.until_date)
        rest = _spec_of(row, starts_on=resumes, until_date=row.until_date) if goes_on else None
        if row.starts_on >= monday:
            delete_opening(opening=row, actor=actor)
        else:
            ends = _spec_of(row, starts_on=row.starts_on, until_date=monday)
            save_opening(agenda=agenda, spec=ends, actor=actor, opening=row)
        if rest is not None:
            save_opening(agenda=agenda, spec=rest, actor=actor)


def _spec_of(row: Opening, *, starts_on: date, until_date: date | None) -> OpeningSpec:
    return OpeningSpec(
        starts_on=starts_on,
        until_date=until_date,
        every_weeks=row.every_weeks,
        from_time=row.from_time,
        until_time=row.until_time,
        capacity=row.capacity,
        slot_minutes=row.slot_minutes,
        visit_reasons=tuple(row.visit_reasons.all()),
    )
