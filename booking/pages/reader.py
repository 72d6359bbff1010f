"""What the directory's pages know of a signed-in reader: their people, by the practice's rules."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.http import HttpRequest
from django_scopes import scope

from booking.appointments.queries.standing import standing
from booking.models import Patient
from booking.pages.people import named_people
from booking.pages.session import unfinished
from practitioners.domain.scheduling.rules.audience import Reader
from practitioners.domain.scheduling.rules.eligibility import is_restricted
from practitioners.models import VisitReason


def reader_of(request: HttpRequest, reasons: Sequence[VisitReason], now: datetime) -> Reader:
    """The reader of a page that offers these visit reasons of one agenda.

    Their people are looked up only where it matters who books; names are revealed when asked for.
    """
    key = unfinished.hold_key(request)
    if not request.user.is_authenticated:
        return Reader(hold_key=key)

    def persons() -> int:
        with scope(account=request.user):
            return int(Patient.objects.count())

    if not is_restricted(reasons):
        return Reader(hold_key=key, persons=persons)

    def names() -> Mapping[uuid.UUID, str]:
        with scope(account=request.user):
            return {patient.pk: name for patient, name in named_people(request)}

    with scope(account=request.user):
        people = standing(Patient.objects.all(), agenda=reasons[0].agenda, now=now)
    return Reader(people=tuple(people), hold_key=key, names=names, persons=persons)
