"""Visit reasons and openings that can never give a slot, however empty the agenda is."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from practitioners.models import Opening, VisitReason


def why_never(reason: VisitReason, openings: Iterable[Opening]) -> str:
    """Say why a visit reason can never have a slot; empty where it can, or nothing serves it yet.

    `openings`: those that serve it.
    """
    if timedelta(minutes=reason.minimum_notice_minutes) >= timedelta(days=reason.horizon_days):
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


def without_slots(reasons: Iterable[VisitReason]) -> set[uuid.UUID]:
    """Return the ids of the reasons among these that can never have a slot. One query."""
    rows = list(reasons)
    serving: dict[uuid.UUID, list[Opening]] = {row.pk: [] for row in rows}
    links = Opening.visit_reasons.through.objects.filter(visitreason__in=list(serving))
    for link in links.select_related("opening"):
        serving[link.visitreason_id].append(link.opening)
    return {row.pk for row in rows if why_never(row, serving[row.pk])}


def _length(opening: Opening) -> timedelta:
    day = date(2000, 1, 1)
    begins, ends = (datetime.combine(day, at) for at in (opening.from_time, opening.until_time))
    return ends - begins
