"""Coming back to a form that has booked: it says what it did, and does not offer to do it again.

Each form of a new visit has a name of its own, which the browser keeps with the page's place in
its history (static/js/new_visit.js). The session knows which forms have booked which visits. A form
that has not booked comes back as it was left.
"""

import secrets

from django.http import HttpRequest

from audit.ids import read_id
from audit.vault.reveal import Purpose
from booking.appointments.queries.appointments import Shown, show, with_related
from booking.models import Appointment
from booking.pages.access import agendas_of, practice_actor

# The field that carries a form's name, and what an address says of a form that has booked.
NAME, BOOKED = "formulaire", "pris"
KEY = "booked_forms"
LONGEST = 40
REMEMBERED = 20


def note_booked(request: HttpRequest, visit: Appointment) -> None:
    """Remember which visit the form that was sent has booked: ids alone."""
    name = request.POST.get(NAME, "")[:LONGEST]
    if name:
        kept = [*request.session.get(KEY, []), [name, str(visit.pk)]]
        request.session[KEY] = kept[-REMEMBERED:]


def context(request: HttpRequest) -> dict[str, object]:
    """What the page needs to know itself again, and the visit that it is to say it has booked."""
    booked: list[list[str]] = request.session.get(KEY, [])
    return {
        "form_name": request.POST.get(NAME, "")[:LONGEST] or secrets.token_urlsafe(9),
        "booked_forms": dict(booked),
        "booked": _booked(request, booked),
    }


def _booked(request: HttpRequest, booked: list[list[str]]) -> Shown | None:
    pk = read_id(request.GET.get(BOOKED, ""))
    if pk is None or str(pk) not in {visit for _name, visit in booked}:
        return None
    rows = with_related().filter(pk=pk, agenda__in=agendas_of(request)).exclude(status="cancelled")
    shown = show(list(rows), actor=practice_actor(request), purpose=Purpose.BOOKING)
    return next(iter(shown), None)
