"""What was just done with a visit, said on the agenda that follows, with the patient's name.

A message would keep the name in the session. The address carries which visit is meant, signed, for
whoever did it alone and for a moment; the name is opened where it is shown.
"""

import uuid
from datetime import timedelta
from enum import StrEnum

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from audit.vault.reveal import Purpose
from booking.models import Appointment
from booking.queries.appointments import Shown, show, with_related
from booking.views.access import account_of, agendas_of, practice_actor

PARAMETER = "fait"
SALT = "said"
SAID_FOR = timedelta(minutes=2)


class Done(StrEnum):
    """What can have been done."""

    BOOKED = "booked"
    MOVED = "moved"


def agenda_address(visit: Appointment) -> str:
    """Where a visit is seen: its agenda, on its day."""
    day = visit.starts_at.astimezone(visit.agenda.practice.zone).date()
    address = reverse("booking:agenda", args=[visit.practice_id])
    return f"{address}?jour={day}&agenda={visit.agenda_id}"


def address_that_says(done: Done, visit: Appointment, *, request: HttpRequest) -> str:
    """The same, where the page says what was done."""
    said = [done.value, str(visit.pk), str(account_of(request).pk)]
    return f"{agenda_address(visit)}&{PARAMETER}={signing.dumps(said, salt=SALT)}"


def what_was_done(request: HttpRequest) -> tuple[Done, Shown] | None:
    """Read what the page is to say, and open the name; None where there is nothing to say."""
    try:
        said = signing.loads(request.GET.get(PARAMETER, ""), salt=SALT, max_age=SAID_FOR)
    except signing.BadSignature:
        return None
    done, visit_id, account_id = said
    visit = (
        with_related()
        .filter(pk=uuid.UUID(visit_id), agenda__in=agendas_of(request))
        .exclude(status="cancelled")
        .first()
    )
    if visit is None or account_id != str(account_of(request).pk):
        return None
    shown = show([visit], actor=practice_actor(request), purpose=Purpose.BOOKING)
    return Done(done), shown[0]
