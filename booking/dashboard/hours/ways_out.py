"""What the form of an absence says of the visits in it: where each goes, and what contradicts."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from audit.ids import read_id
from booking.appointments.absences.absences import Booked
from booking.appointments.queries.appointments import Shown
from booking.models import Appointment
from practitioners.domain.date_words import in_words
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Taken


def unused_choice(request: HttpRequest, taken: list[Taken], choice: str) -> str:
    """What is wrong where somebody chose a way out for a visit that is to go no such way.

    A list says something of its own where it says otherwise than the page first proposed.
    """
    if choice not in (Booked.KEEP, Booked.CANCEL):
        return ""
    for pk in Appointment.objects.filter(taken__in=taken).values_list("pk", flat=True):
        wanted, proposed = (request.POST.get(f"{name}-{pk}", "") for name in ("vers", "propose"))
        if proposed and wanted not in ("", proposed, choice):
            if choice == Booked.KEEP:
                return _(
                    "Vous avez choisi d’autres heures pour des rendez-vous qui restent pris. Rien"
                    " n’est changé : cochez « Ils vont où c’est dit ci-dessous », ou « laisser »."
                )
            return _(
                "Vous avez choisi autre chose pour des rendez-vous qui seraient annulés. Rien"
                " n’est changé : cochez « Ils vont où c’est dit ci-dessous », ou « annuler »."
            )
    return ""


def same_time(request: HttpRequest, touched: list[Shown]) -> str:
    """Which visits are sent to times of one practitioner that overlap; empty where there are none.

    All of them at once, each with its hour.

    Seats of a session may be taken side by side, and are left to the booking itself.
    """
    moves = moves_of(request)
    sent = [
        (shown.appointment, shown.name, at)
        for shown in touched
        if (at := moves.get(shown.appointment.pk)) is not None
        and (shown.appointment.taken is None or shown.appointment.taken.is_own_time)
    ]
    found = []
    for (one, name, at), (other, other_name, other_at) in combinations(sent, 2):
        ends, other_ends = (
            begins + timedelta(minutes=row.visit_reason.duration_minutes)
            for row, begins in ((one, at), (other, other_at))
        )
        if one.agenda_id == other.agenda_id and at < other_ends and other_at < ends:
            given = {
                "one": name,
                "at": _local(at, one),
                "other": other_name,
                "other_at": _local(other_at, other),
            }
            if at == other_at:
                found.append(_("%(one)s et %(other)s iraient à la même heure, %(at)s.") % given)
            else:
                found.append(
                    _("%(one)s (%(at)s) et %(other)s (%(other_at)s) se chevaucheraient.") % given
                )
    if not found:
        return ""
    found.append(_("Rien n’est changé : choisissez d’autres heures."))
    return " ".join(found)


def _local(at: datetime, row: Appointment) -> str:
    """An instant by the practice's clock, in words."""
    return in_words(at.astimezone(row.practice.zone).replace(tzinfo=None), "D j b, H:i")


def unread_choice(request: HttpRequest) -> str:
    """What is wrong where a list names no visit or no time that can be read; empty otherwise.

    What is dropped would leave a visit where it is, though somebody chose another time for it.
    """
    for key, text in _said_of(request):
        is_time = text not in ("", "keep", "cancel")
        if is_time and (key is None or read_instant(text) is None):
            return _(
                "Une des heures choisies n’est pas lisible. Rien n’est changé : choisissez de"
                " nouveau."
            )
    return ""


def moves_of(request: HttpRequest) -> dict[uuid.UUID, datetime | None]:
    """Where each appointment is to go, by the form's fields; None is a cancellation."""
    moves: dict[uuid.UUID, datetime | None] = {}
    for key, text in _said_of(request):
        at = read_instant(text)
        if key is not None and (at is not None or text == "cancel"):
            moves[key] = at
    return moves


def _said_of(request: HttpRequest) -> Iterator[tuple[uuid.UUID | None, str]]:
    """What the form's lists say of each appointment; None for one that cannot be read."""
    for name, value in request.POST.items():
        if name.startswith("vers-"):
            yield read_id(name.removeprefix("vers-")), str(value)
