"""Whether a patient may take or keep a visit reason online: the last line of the practice's rules.

The rules themselves are in practitioners/domain/scheduling/rules; pages, holds, the waiting list
and the API ask them before. A practice's own bookings are not bound by them.
"""

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


def check_booking(
    *, visit_reason: VisitReason, patient: Patient, says_known: bool, now: datetime
) -> None:
    """Hold a booking to the practice's rules on patients.

    `says_known`: the patient has been there before, though not through this platform. Raises
    NotForThisPatient, and OutsideOpening for what is not offered online.
    """
    booker = eligibility.Booker(says_known=says_known)
    if eligibility.is_restricted([visit_reason]):
        found = standing(
            Patient.unscoped.filter(pk=patient.pk), agenda=visit_reason.agenda, now=now
        )
        booker = found[0].as_booker(says_known=says_known)
    _check(visit_reason, booker)


def check_move(*, appointment: Appointment, visit_reason: VisitReason) -> None:
    """Hold a patient's move to the same rules, by what was true of the patient at the booking.

    Within its own visit reason a visit moves as it was agreed: the practice may have made an
    exception, and having been seen or absent since changes nothing. Raises as `check_booking`.
    """
    if visit_reason.pk == appointment.visit_reason_id:
        return
    booked_as = eligibility.Booker(says_known=not appointment.new_patient)
    _check(visit_reason, booked_as)


def _check(visit_reason: VisitReason, booker: eligibility.Booker) -> None:
    refused = eligibility.restriction(visit_reason, booker)
    if refused is not None:
        raise NotForThisPatient(refused.text)
    if not (visit_reason.active and visit_reason.agenda.active):
        raise OutsideOpening
