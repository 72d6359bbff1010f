"""What the last page of a booking books: the slot, for whom, and whether that is done already."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from audit.ids import read_id
from booking.models import Appointment, Patient
from booking.models.appointment import Status
from booking.pages.session import unfinished
from booking.web.booking import kept_choice
from booking.web.booking.chosen import Answers, answers_in, chosen_reason, in_address
from practitioners.domain.scheduling.reservations import holds
from practitioners.models import VisitReason


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is being booked, and for whom if the form says so."""

    hold_id: uuid.UUID
    reason: VisitReason
    patient: Patient | None
    starts_at: datetime
    key: str
    answers: Answers

    def held(self, *, now: datetime) -> holds.Held | None:
        """This browser's hold of the slot, however often it was chosen."""
        rows = holds.held_by(key=self.key, visit_reason=self.reason, now=now)
        return next((row for row in rows if row.starts_at == self.starts_at), None)

    def parameters(self) -> dict[str, object]:
        """What the address of the last page says."""
        at = in_address(self.starts_at)
        return {"motif": self.reason.pk, "debut": at, **self.answers.fields()}

    def address(self, request: HttpRequest) -> str:
        """The address of the last page, with the person whom its form names."""
        pour = request.POST.get("patient", "")
        answers = replace(self.answers, pour=pour) if read_id(pour) else self.answers
        return f"{request.path}?{urlencode(replace(self, answers=answers).parameters())}"

    def at(self) -> str:
        """The page of this choice, on which a person is chosen."""
        return urlencode(self.parameters())


def choice_in(
    request: HttpRequest, given: QueryDict, *, hold_id: uuid.UUID, starts_at: datetime
) -> Choice:
    """What the last page of a booking books, by its form or address. Raises Http404."""
    reason, patient = chosen_reason(request, given.get("motif", ""))
    return Choice(
        hold_id=hold_id,
        reason=reason,
        patient=patient,
        starts_at=starts_at,
        key=unfinished.hold_key(request),
        answers=answers_in(given),
    )


def done_already(request: HttpRequest, choice: Choice) -> HttpResponse | None:
    """Where a form sent twice leads, and the way back to one that was sent: to its appointment."""
    patient_id = choice.patient.pk if choice.patient is not None else None
    row = booked_already(
        request, choice.hold_id, choice.reason, choice.starts_at, patient_id=patient_id
    )
    return None if row is None else redirect(confirmed(row))


def booked_already(
    request: HttpRequest,
    hold_id: uuid.UUID,
    reason: VisitReason,
    starts_at: datetime,
    *,
    patient_id: uuid.UUID | None,
) -> Appointment | None:
    """What a form would book, if its slot or its patient has it already; said where it was sent."""
    same = Q(taken=hold_id)
    if patient_id is not None:
        same |= Q(patient=patient_id)
    rows = Appointment.objects.filter(
        same, visit_reason=reason, starts_at=starts_at, status=Status.BOOKED
    )
    row = rows.order_by("created_at", "pk").first()
    if row is not None and request.method == "POST":
        kept_choice.say_done(request)
    return row


def confirmed(row: Appointment) -> str:
    return f"{reverse('booking:appointment', args=[row.pk])}?confirme"
