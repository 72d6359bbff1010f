"""What was just done with a visit, said on the agenda that follows, with the patient's name.

A message would keep the name in the session. The address carries which visit is meant, signed, for
the account that did it alone and for a moment; the name is opened where it is shown.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.http import HttpRequest
from django.urls import reverse

from audit.vault.reveal import Purpose
from booking.appointments.queries.appointments import Shown, show, with_related
from booking.dashboard.agenda import signed
from booking.dashboard.agenda.told import Told, When, told
from booking.models import Appointment
from booking.pages.access import agendas_of, practice_actor

PARAMETER = "fait"
SALT = "said-and-moves"  # Not what an older release signed, which said less.
SAID_FOR = timedelta(minutes=2)


class Done(StrEnum):
    """What can have been done."""

    BOOKED = "booked"
    MOVED = "moved"
    REPEATED = "repeated"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a page says of what was done.

    `former`: where a visit was moved from; `count`: how many visits a repetition took.
    """

    done: Done
    shown: Shown
    told: Told
    former: datetime | None = None
    count: int = 0


def agenda_address(visit: Appointment) -> str:
    """Where a visit is seen: its agenda, on its day."""
    day = visit.starts_at.astimezone(visit.agenda.practice.zone).date()
    address = reverse("booking:agenda", args=[visit.practice_id])
    return f"{address}?jour={day}&agenda={visit.agenda_id}"


def address_that_says(
    done: Done,
    visit: Appointment,
    *,
    request: HttpRequest,
    former: datetime | None = None,
    first: Appointment | None = None,
    count: int = 0,
) -> str:
    """Where the page says what was done: the agenda, or the visit that was repeated.

    `former`: where the visit was moved from; `first` and `count`: of the visits that repeat it.
    """
    at = former.isoformat() if former else ""
    said = [done.value, str((first or visit).pk), at, count, (first or visit).moves]
    if done == Done.REPEATED:
        address = reverse("booking:visit", args=[visit.practice_id, visit.pk]) + "?"
    else:
        address = f"{agenda_address(visit)}&"
    return f"{address}{PARAMETER}={signed.sign(request, said, salt=SALT)}"


def what_was_done(request: HttpRequest, *, now: datetime) -> Said | None:
    """Read what the page is to say, and open the name; None where there is nothing to say.

    A visit that was moved since is not where this would say: then nothing is said.
    """
    said = signed.read(request, PARAMETER, salt=SALT, lasts=SAID_FOR)
    if said is None:
        return None
    done, visit_id, at, count, moves = said
    visit = (
        with_related()
        .filter(pk=uuid.UUID(visit_id), agenda__in=agendas_of(request), moves=moves)
        .exclude(status="cancelled")
        .first()
    )
    if visit is None:
        return None
    former = datetime.fromisoformat(at) if at else None
    shown = show([visit], actor=practice_actor(request), purpose=Purpose.BOOKING)
    return Said(
        done=Done(done),
        shown=shown[0],
        told=told(visit, now=now, when=When.AFTER, expected_at=former),
        former=former,
        count=count,
    )
