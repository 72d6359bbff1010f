"""Visit reasons and opening hours that can never have a slot, even if the agenda is empty."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from practitioners.domain.scheduling.reservations.pieces import out_of_service
from practitioners.domain.scheduling.rules.notice import is_possible, notice_of
from practitioners.domain.scheduling.wall_clock import instant, is_public_holiday
from practitioners.models import Opening, VisitReason


def why_never(reason: VisitReason, openings: Iterable[Opening]) -> str:
    """Say why a visit reason can never have a slot; empty if it can, or if it has no opening hours.

    `openings` are the opening hours of the visit reason.
    """
    if not is_possible(reason):
        return _(
            "Aucun créneau n’est possible en ligne\u00a0: le délai minimal est plus long que ce"
            " qui est ouvert à l’avance."
        )
    served = list(openings)
    if served and not any(has_room(opening, reason) for opening in served):
        return _(
            "Aucun créneau n’est possible\u00a0: aucune plage qui sert ce motif n’est assez longue."
        )
    return ""


def has_room(opening: Opening, reason: VisitReason) -> bool:
    """Whether a visit of this reason fits into opening hours; a session has slots of its own."""
    minutes = opening.slot_minutes or reason.duration_minutes
    return timedelta(minutes=minutes) <= _length(opening)


def why_opening_never(opening: Opening, reasons: Iterable[VisitReason]) -> str:
    """Say why opening hours give no slot for some of their visit reasons; empty if they do."""
    short = [reason.name for reason in reasons if not has_room(opening, reason)]
    if not short:
        return ""
    said = _("Cette plage est trop courte pour\u00a0: %(names)s. Aucun créneau n’y est possible.")
    return said % {"names": ", ".join(short)}


def without_slots(reasons: Iterable[VisitReason], *, now: datetime) -> set[uuid.UUID]:
    """Return the ids of these visit reasons that can currently have no slot, even in an empty
    agenda.

    The causes: they are not offered online, they have no current opening hours, none of these is
    long enough or ends late enough, a room or a device is out of service, or one of these is true
    of the follow-up reason. Three queries, and one more if there are follow-up reasons or
    resources.
    """
    rows = list(reasons)
    followers = _followers(rows)
    serving = _serving([*rows, *followers.values()])
    missing = out_of_service([*rows, *followers.values()])

    def has_slots(row: VisitReason, *, notice: timedelta) -> bool:
        if row.pk in missing:
            return False
        return any(_may_begin(each, row, after=now + notice) for each in serving[row.pk])

    return {
        row.pk
        for row in rows
        if not (row.active and row.agenda.active)
        or why_never(row, serving[row.pk])
        or not has_slots(row, notice=notice_of(row))
        or (row.then_id is not None and not _is_followed(row, followers, has_slots))
    }


def _is_followed(
    row: VisitReason,
    followers: Mapping[uuid.UUID, VisitReason],
    has_slots: Callable[..., bool],
) -> bool:
    """Whether the follow-up visit can have a slot; minimum notice does not apply to it."""
    then = followers.get(row.then_id) if row.then_id is not None else None
    return then is not None and has_slots(then, notice=timedelta())


def _followers(rows: Sequence[VisitReason]) -> dict[uuid.UUID, VisitReason]:
    ids = {row.then_id for row in rows if row.then_id is not None}
    found = VisitReason.objects.select_related("agenda__practice")
    return {row.pk: row for row in found.filter(pk__in=ids)} if ids else {}


def _serving(rows: Sequence[VisitReason]) -> dict[uuid.UUID, list[Opening]]:
    """The opening hours of each of these visit reasons, in their agenda."""
    found: dict[uuid.UUID, list[Opening]] = {row.pk: [] for row in rows}
    links = Opening.visit_reasons.through.objects.filter(visitreason__in=list(found))
    for link in links.select_related("opening__agenda__practice"):
        found[link.visitreason_id].append(link.opening)
    return found


def _may_begin(opening: Opening, reason: VisitReason, *, after: datetime) -> bool:
    """Whether a visit could start in some occurrence of opening hours after an instant."""
    if not has_room(opening, reason):
        return False
    if opening.every_weeks and opening.until_date is None:
        return True
    agenda = opening.agenda
    zone, department = agenda.practice.zone, agenda.practice.department
    minutes = opening.slot_minutes or reason.duration_minutes
    for day in _last_days(opening):
        ends_at = instant(day, opening.until_time, zone)
        if ends_at - timedelta(minutes=minutes) < after:
            return False
        if agenda.open_on_holidays or not is_public_holiday(day, department):
            return True
    return False


def _last_days(opening: Opening) -> Iterator[date]:
    """The days of opening hours that end, the last one first."""
    if not opening.every_weeks or opening.until_date is None:
        yield opening.starts_on
        return
    step = timedelta(weeks=opening.every_weeks)
    day = opening.until_date - timedelta(days=1)
    day -= (day - opening.starts_on) % step
    while day >= opening.starts_on:
        yield day
        day -= step


def _length(opening: Opening) -> timedelta:
    day = date(2000, 1, 1)
    begins, ends = (datetime.combine(day, at) for at in (opening.from_time, opening.until_time))
    return ends - begins
