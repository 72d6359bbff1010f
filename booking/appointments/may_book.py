"""Whether a patient may take or keep a visit reason online: the last line of the practice's rules.

The rules themselves are in practitioners/domain/scheduling/rules; pages, holds, the waiting list
and the API ask them before. A practice's own bookings are not bound by them.
"""

import uuid
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.refusal import Refusal
from booking.appointments.queries.standing import standing
from booking.models import Appointment, Patient
from practitioners.domain.scheduling.reservations.take import OutsideOpening
from practitioners.domain.scheduling.rules import eligibility
from practitioners.models import VisitReason


class NotForThisPatient(Refusal):
    """The visit reason or the agenda is closed to this patient: new, or already known."""

    text = _("Ce motif n’est pas ouvert à ce patient.")
    code = "permission_denied"


def restriction_of(
    visit_reason: VisitReason, patient_id: uuid.UUID, *, says_known: bool, now: datetime
) -> eligibility.Restriction | None:
    """What keeps a patient from booking a visit reason online; None if nothing does."""
    if not eligibility.is_restricted([visit_reason]):
        return None
    patients = Patient.unscoped.filter(pk=patient_id)
    people = standing(patients, agenda=visit_reason.agenda, now=now)
    bookers = [person.as_booker(says_known=says_known) for person in people]
    return eligibility.restriction(visit_reason, bookers[0]) if bookers else None


def check_booking(
    *, visit_reason: VisitReason, patient: Patient, says_known: bool, now: datetime
) -> None:
    """Hold a booking to the practice's rules on patients.

    `says_known`: the patient has been there before, though not through this platform. Raises
    NotForThisPatient, and OutsideOpening for what is not offered online.
    """
    refused = restriction_of(visit_reason, patient.pk, says_known=says_known, now=now)
    _check(visit_reason, refused)


def check_move(*, appointment: Appointment, visit_reason: VisitReason) -> None:
    """Hold a patient's move to the same rules, by what was true of the patient at the booking.

    Within its own visit reason a visit moves as it was agreed: the practice may have made an
    exception, and having been seen or absent since changes nothing. Raises as `check_booking`.
    """
    if visit_reason.pk == appointment.visit_reason_id:
        return
    booked_as = eligibility.Booker(says_known=not appointment.new_patient)
    _check(visit_reason, eligibility.restriction(visit_reason, booked_as))


def _check(visit_reason: VisitReason, refused: eligibility.Restriction | None) -> None:
    if refused is not None:
        raise NotForThisPatient(refused.text)
    if not (visit_reason.active and visit_reason.agenda.active):
        raise OutsideOpening
