"""Which patients may book a visit reason online: one rule for pages, holds, bookings and lists."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.utils.translation import gettext_lazy as _

from practitioners.models import Practice, VisitReason
from practitioners.models.agenda import PatientKind


class Restriction(Enum):
    """Why somebody may not book a visit reason online."""

    FOR_KNOWN = "for-known"
    FOR_NEW = "for-new"
    NO_NEW = "no-new"
    NO_SHOWS = "no-shows"

    @property
    def text(self) -> str:
        """The sentence that says so, in the reader's language."""
        return str(_TEXTS[self])


_TEXTS = {
    Restriction.FOR_KNOWN: _("Ce motif est réservé aux patients déjà suivis par ce praticien."),
    Restriction.FOR_NEW: _("Ce motif est réservé aux nouveaux patients."),
    Restriction.NO_NEW: _("Ce praticien ne prend plus de nouveaux patients."),
    Restriction.NO_SHOWS: _(
        "Après plusieurs absences, ce cabinet ne prend vos rendez-vous que par téléphone."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Booker:
    """Somebody for whom an appointment may be booked, as far as the rules ask.

    `is_known`: the practitioner knows them through the platform; `says_known`: they say that they
    have been there before; `is_barred`: the practice's rule about not having come applies.
    """

    is_known: bool = False
    says_known: bool = False
    is_barred: bool = False

    @property
    def is_new(self) -> bool:
        return not (self.is_known or self.says_known)


NEW, SAYS_KNOWN = Booker(), Booker(says_known=True)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One of the people of an account, as the rules of an agenda see them.

    `is_owner`: they are who reads the page, and not a relative of theirs.
    """

    id: uuid.UUID
    is_known: bool
    is_barred: bool = False
    is_owner: bool = True

    def as_booker(self, *, says_known: bool) -> Booker:
        return Booker(is_known=self.is_known, says_known=says_known, is_barred=self.is_barred)


# Absences before that are forgotten.
NO_SHOWS_WITHIN = timedelta(days=365)


def is_barred(practice: Practice, *, missed: int) -> bool:
    """Whether a practice takes no booking online from somebody who has missed so many visits.

    `missed`: within NO_SHOWS_WITHIN. A practice that sets no number bars nobody.
    """
    return bool(practice.no_shows_at_most) and missed >= practice.no_shows_at_most


def restriction(visit_reason: VisitReason, booker: Booker) -> Restriction | None:
    """Return what keeps somebody from booking a visit reason online; None if nothing does.

    Whether agenda and visit reason are offered online at all is availability's matter.
    """
    if booker.is_barred:
        return Restriction.NO_SHOWS
    accepts_new = visit_reason.agenda.accepts_new_patients
    if visit_reason.patient_kind == PatientKind.NEW and not booker.is_new:
        # Where new patients are not taken either, nobody can book it: that is the reason to give.
        return Restriction.FOR_NEW if accepts_new else Restriction.NO_NEW
    if visit_reason.patient_kind == PatientKind.KNOWN and booker.is_new:
        return Restriction.FOR_KNOWN
    if booker.is_new and not accepts_new:
        return Restriction.NO_NEW
    return None


def is_restricted(visit_reasons: Iterable[VisitReason]) -> bool:
    """Whether it matters for any of these visit reasons of a practice who books it."""
    return any(
        reason.patient_kind != PatientKind.ANY
        or not reason.agenda.accepts_new_patients
        or reason.agenda.practice.no_shows_at_most
        for reason in visit_reasons
    )
