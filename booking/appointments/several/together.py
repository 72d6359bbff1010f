"""A family's appointments in consecutive slots: all of them, or none."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.refusal import Refusal
from booking.appointments.book import HeldSlot, NotForThisPatient, OutsideOpening, SlotTaken, book
from booking.appointments.several.conflicts import each_or_ask
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Patient
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import VisitReason


class CannotTogether(Refusal):
    """These people cannot be booked in consecutive slots; `text` gives the reason."""

    twice = _("Chaque créneau est pour une autre personne.")


@transaction.atomic
def book_together(
    *,
    visit_reason: VisitReason,
    starts_at: datetime,
    patients: Sequence[Patient],
    key: str,
    by: By,
    now: datetime,
    note: str = "",
    says_known: bool = False,
    heeding: QuerySet[Appointment] | None = None,
) -> list[Appointment]:
    """Book consecutive slots from `starts_at` on, one for each of the people, in their order.

    The holds of this key are used; without them, the slots are reserved if all are free. Each
    appointment has its own confirmation and reminders. Raises CannotTogether, and what `book`
    raises.
    """
    if len({patient.pk for patient in patients}) < len(patients):
        raise CannotTogether(CannotTogether.twice)
    held = holds.held_by(key=key, visit_reason=visit_reason, now=now)
    if len(held) != len(patients) or held[0].starts_at != starts_at:
        key = key or secrets.token_hex(16)
        take.hold(
            visit_reason=visit_reason, starts_at=starts_at, key=key, now=now, count=len(patients)
        )
        held = holds.held_by(key=key, visit_reason=visit_reason, now=now)
    books = [
        partial(
            book,
            visit_reason=visit_reason,
            starts_at=slot.starts_at,
            patient=patient,
            by=by,
            conditions=Conditions(says_known=says_known, heeding=heeding),
            now=now,
            held=HeldSlot(id=slot.id, key=key),
            note=note,
        )
        for slot, patient in zip(held, patients, strict=True)
    ]
    return each_or_ask(books, among=len(patients))


__all__ = [
    "CannotTogether",
    "NotForThisPatient",
    "OutsideOpening",
    "SlotTaken",
    "book_together",
]
