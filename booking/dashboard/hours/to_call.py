"""Patients whom no message reaches: listed with their numbers once an absence has changed visits.

The address carries which visits are meant, signed; names and numbers are opened where they are
shown.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse

from audit.vault.reveal import Purpose, reveal
from booking.appointments.queries.appointments import with_related
from booking.dashboard.agenda import signed
from booking.models import Appointment
from booking.pages.access import agendas_of, membership_of, practice_actor
from booking.patients.patients import NAME_FIELDS

PARAMETER = "appeler"
SALT = "to-call"
LISTED_FOR = timedelta(hours=1)
# As many as an address has room for.
AT_MOST = 40


@dataclass(frozen=True, kw_only=True)
class Call:
    """A visit whose patient a person has to call, with their name and number."""

    appointment: Appointment
    name: str
    phone: str


def address_that_lists(visits: Sequence[Appointment], *, request: HttpRequest) -> str:
    """The page of hours, which lists whom to call."""
    address = reverse("booking:week-plan", args=[membership_of(request).practice_id])
    if not visits:
        return address
    meant = [str(each.pk) for each in visits[:AT_MOST]]
    return f"{address}?{PARAMETER}={signed.sign(request, meant, salt=SALT)}"


def those_to_call(request: HttpRequest) -> list[Call]:
    """Whom the page is to list, soonest first; nobody without a word of the page before."""
    ids = signed.read(request, PARAMETER, salt=SALT, lasts=LISTED_FOR)
    if ids is None:
        return []
    rows = list(
        with_related()
        .filter(pk__in=[uuid.UUID(each) for each in ids], agenda__in=agendas_of(request))
        .order_by("starts_at", "pk")
    )
    wanted = [(row.patient, (*NAME_FIELDS, "phone")) for row in rows]
    with reveal(wanted, actor=practice_actor(request), purpose=Purpose.BOOKING) as plain:
        return [
            Call(
                appointment=row,
                name=plain.joined(row.patient, NAME_FIELDS),
                phone=plain.text(row.patient, "phone"),
            )
            for row in rows
        ]
