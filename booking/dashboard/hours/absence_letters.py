"""The messages of an absence, shown to the practice before they leave."""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from booking.appointments.absences.absences import Booked
from booking.appointments.absences.rehearsal import rehearse
from booking.models.message import MessageKind
from booking.pages.access import practice_actor
from practitioners.domain.scheduling.reservations.take import OutsideOpening, SlotTaken


def letters_of(
    request: HttpRequest, given: dict[str, Any], lines: Iterable[dict[str, Any]], words: str
) -> dict[str, object]:
    """Each kind of message that this absence would send, and to how many; or what is in the way.

    While the visits are to stay, those that would leave if they went where the form says. Where
    none is cancelled, what a cancellation would say comes last.
    """
    choice = request.POST.get("booked") or Booked.KEEP
    is_cancel = choice == Booked.CANCEL
    wanted = {
        "agendas": list(given["agendas"]),
        "starts_at": given["starts_at"],
        "until": given["until"],
        "words": words,
        "actor": practice_actor(request),
        "now": timezone.now(),
    }
    try:
        found = rehearse(
            booked=Booked.CANCEL if is_cancel else Booked.MOVE, moves=_moves(lines), **wanted
        )
    except (SlotTaken, OutsideOpening) as refused:
        return {"letters_problem": f"{refused.text} {_('Choisissez d’autres heures.')}"}
    if not any(each.kind == MessageKind.CANCELLATION for each in found):
        gone = rehearse(booked=Booked.CANCEL, moves={}, **wanted)
        found += [replace(each, count=0) for each in gone[:1]]
    return {
        "letters": found,
        "shows_letters": True,
        "would_keep": choice == Booked.KEEP,
    }


def _moves(lines: Iterable[dict[str, Any]]) -> dict[uuid.UUID, datetime | None]:
    """Where each visit goes; one of which nothing is said yet, where its list stands first."""
    moves: dict[uuid.UUID, datetime | None] = {}
    for line in lines:
        pk = line["shown"].appointment.pk
        chosen = line["chosen"] or next(iter(line["choices"]), "cancel")
        if isinstance(chosen, datetime):
            moves[pk] = chosen
        elif chosen == "cancel":
            moves[pk] = None
    return moves
