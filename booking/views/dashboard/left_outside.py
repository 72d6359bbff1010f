"""Showing a member the visits that a change of the hours leaves outside of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import ngettext

from audit.vault.reveal import Purpose
from booking.domain.left_outside import LeavesOutside, mark_of
from booking.models import Appointment
from booking.queries.appointments import show, with_related
from booking.views.access import practice_actor

# What the form says once its sender has seen them.
CONFIRMED = "confirmed"


def asked(request: HttpRequest, refused: LeavesOutside) -> dict[str, Any]:
    """What `dashboard/_outside.html` shows, and the mark that confirms it."""
    pks = [row.pk for row in refused.left]
    rows = list(with_related().filter(pk__in=pks).order_by("starts_at", "pk"))
    shown = show(rows, actor=practice_actor(request), purpose=Purpose.BOOKING)
    return {"outside": shown, "outside_mark": mark_of(refused.left)}


def meant(request: HttpRequest) -> str:
    """The mark that the form sends back; empty where nothing was asked yet."""
    return request.POST.get(CONFIRMED, "")


def say_left(request: HttpRequest, left: list[Appointment]) -> None:
    """Say how many visits now lie outside of the hours."""
    if left:
        text = ngettext(
            "%(n)d rendez-vous déjà pris est maintenant hors des horaires.",
            "%(n)d rendez-vous déjà pris sont maintenant hors des horaires.",
            len(left),
        )
        messages.warning(request, text % {"n": len(left)})
