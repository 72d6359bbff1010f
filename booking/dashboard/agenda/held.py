"""Saying of a time that is merely held for somebody that it may come free."""

from datetime import datetime

from django.utils.translation import gettext as _

from practitioners.domain.scheduling import standing
from practitioners.domain.scheduling.reservations.take import SlotTaken
from practitioners.models import Agenda, VisitReason


def why_taken(
    refused: SlotTaken,
    visit_reason: VisitReason,
    starts_at: datetime,
    *,
    now: datetime,
    agenda: Agenda | None = None,
) -> str:
    """Why a practice cannot have a time: a visit is there, or it is kept for somebody for now.

    `agenda`: where it was to be, if that is not the visit reason's own.
    """
    # A room that is in use is another matter.
    until = None
    if type(refused) is SlotTaken:
        until = standing.held_until(
            visit_reason=visit_reason,
            starts_at=starts_at,
            now=now,
            agenda_id=agenda.pk if agenda else None,
        )
    if until is None:
        return str(refused.text)
    text = _(
        "Ce créneau est gardé pour quelqu’un, sans être pris encore."
        " S’il ne l’est pas d’ici là, il se libère à %(clock)s."
    )
    return text % {"clock": f"{until.astimezone(visit_reason.agenda.practice.zone):%H:%M}"}
