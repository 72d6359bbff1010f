"""Changing an agenda's hours, and showing a member the visits that this leaves outside of them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from audit.vault.reveal import Purpose
from booking.appointments.absences.left_outside import LeavesOutside, asking, mark_of
from booking.appointments.queries.appointments import show, with_related
from booking.pages.access import practice_actor
from practitioners.models import Agenda

# What the form says once its sender has seen them.
CONFIRMED = "confirmed"


def change_hours(request: HttpRequest, agenda: Agenda, change: Callable[[], str]) -> dict[str, Any]:
    """Make a change to an agenda's hours and say so, in the words that it returns.

    Where visits would be left outside and the form does not confirm it yet, nothing is changed:
    returns what `dashboard/_outside.html` shows, and nothing otherwise.
    """
    meant = request.POST.get(CONFIRMED, "")
    try:
        with asking(agenda=agenda, now=timezone.now(), meant=meant) as left:
            said = change()
    except LeavesOutside as refused:
        return _asked(request, refused)
    messages.success(request, said)
    if left:
        text = ngettext(
            "%(n)d rendez-vous déjà pris est maintenant hors des horaires.",
            "%(n)d rendez-vous déjà pris sont maintenant hors des horaires.",
            len(left),
        )
        messages.warning(request, text % {"n": len(left)})
    return {}


def _asked(request: HttpRequest, refused: LeavesOutside) -> dict[str, Any]:
    """The visits with their names, and the mark that confirms them."""
    pks = [row.pk for row in refused.left]
    rows = list(with_related().filter(pk__in=pks).order_by("starts_at", "pk"))
    shown = show(rows, actor=practice_actor(request), purpose=Purpose.BOOKING)
    return {"outside": shown, "outside_mark": mark_of(refused.left)}
