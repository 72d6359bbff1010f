"""Visit reasons and openings that can never give a slot, however empty the agenda is."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from practitioners.domain.scheduling.reservations.pieces import out_of_service
from practitioners.domain.scheduling.rules.notice import is_possible, notice_of
from practitioners.domain.scheduling.wall_clock import instant, is_public_holiday
from practitioners.models import Opening, VisitReason


def why_never(reason: VisitReason, openings: Iterable[Opening]) -> str:
    """Say why a visit reason can never have a slot; empty where it can, or nothing serves it yet.

    `openings`: those that serve it.
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
    """Whether one visit of this reason fits into an opening; a session has cells of its own."""
    minutes = opening.slot_minutes or reason.duration_minutes
    return timedelta(minutes=minutes) <= _length(opening)


def why_opening_never(opening: Opening, reasons: Iterable[VisitReason]) -> str:
    """Say why an opening gives no slot for some of the reasons that it serves; else empty."""
    short = [reason.name for reason in reasons if not has_room(opening, reason)]
    if not short:
        return ""
    said = _("Cette plage est trop courte pour\u00a0: %(names)s. Aucun créneau n’y est possible.")
    return said % {"names": ", ".join(short)}


def without_slots(reasons: Iterable[VisitReason], *, now: datetime) -> set[uuid.UUID]:
    """Return the ids of the reasons among these that can never have a slot, as things stand.

    However empty the agenda is: online offers are closed there, no opening serves the reason any
    more, none is long enough or ends late enough, a room or a device that it needs is out of
    service, or this is true of the visit that follows it. Three queries, one more where visits
    follow or something is needed.
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
    """Whether the visit that follows can have a slot: its practice's notice does not bind it."""
    then = followers.get(row.then_id) if row.then_id is not None else None
    return then is not None and has_slots(then, notice=timedelta())


def _followers(rows: Sequence[VisitReason]) -> dict[uuid.UUID, VisitReason]:
    ids = {row.then_id for row in rows if row.then_id is not None}
    found = VisitReason.objects.select_related("agenda__practice")
    return {row.pk: row for row in found.filter(pk__in=ids)} if ids else {}


def _serving(rows: Sequence[VisitReason]) -> dict[uuid.UUID, list[Opening]]:
    """The openings that serve each of these reasons; they are of its agenda."""
    found: dict[uuid.UUID, list[Opening]] = {row.pk: [] for row in rows}
    links = Opening.visit_reasons.through.objects.filter(visitreason__in=list(found))
    for link in links.select_related("opening__agenda__practice"):
        found[link.visitreason_id].append(link.opening)
    return found


def _may_begin(opening: Opening, reason: VisitReason, *, after: datetime) -> bool:
    """Whether a visit could begin in some occurrence of an opening after an instant."""
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
    """The days of an opening that ends, the last one first."""
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
