"""Which visit reasons can be booked, for many agendas at once: eligibility.py's rule in SQL."""

from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from practitioners.domain.scheduling.rules.eligibility import NEW, SAYS_KNOWN, restriction
from practitioners.models import Agenda, NextSlot, VisitReason
from practitioners.models.agenda import PatientKind


def bookable() -> Q:
    """The reasons that somebody may book online.

    A reason for new patients at an agenda that takes none is refused to everybody.
    """
    return ~Q(patient_kind=PatientKind.NEW, agenda__accepts_new_patients=False)


def never() -> Exists:
    """Of a visit reason: that no slot can come of it as things stand, as last computed."""
    return Exists(NextSlot.objects.filter(visit_reason=OuterRef("pk"), never=True))


def offered() -> "QuerySet[VisitReason]":
    """The reasons that somebody may book online, and of which a slot can come at all."""
    return VisitReason.objects.filter(bookable(), ~never(), active=True, agenda__active=True)


def open_to(known: bool | None, *, prefix: str) -> Q:
    """The reasons open to a patient whom the practitioner knows, or not; None is either.

    Of agendas that take new patients; `first_of` asks about the others. `prefix` leads to the
    visit reason.
    """
    if known is None:
        return Q()
    return ~Q(**{f"{prefix}patient_kind": PatientKind.NEW if known else PatientKind.KNOWN})


def first_of(slots: "QuerySet[NextSlot]", field: str) -> Case:
    """A field of the first slot that `open_to` lets through, as an expression for an agenda.

    Most agendas take new patients, and an index alone answers for them.
    """
    for_known = slots.exclude(visit_reason__patient_kind=PatientKind.NEW)
    return Case(
        When(accepts_new_patients=True, then=Subquery(slots.values(field)[:1])),
        default=Subquery(for_known.values(field)[:1]),
    )


def annotate(agendas: "QuerySet[Agenda]", *, known: bool | None) -> "QuerySet[Agenda]":
    """Annotate `restricted`: a patient who answered so can book nothing here.

    That is a practitioner who takes no new patients, or whose reasons are all for known ones;
    without an answer, one whose reasons nobody can book.
    """
    reasons = VisitReason.objects.filter(agenda_id=OuterRef("pk"), active=True)
    # `bookable` without a look at the agenda for every reason, and with the cheap tests first.
    kept_from = PatientKind.KNOWN if known is False else PatientKind.NEW
    opened = Exists(reasons.exclude(patient_kind=kept_from))
    closed = Q(active=True) & ~opened & Exists(reasons)
    if known is None:
        closed &= Q(accepts_new_patients=False)
    elif known is False:
        closed |= Q(accepts_new_patients=False)
    return agendas.annotate(
        restricted=Case(
            When(closed, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
    )


def asks_first(agenda: Any, reason: VisitReason | None, *, known: bool | None) -> bool:
    """Whether the patient must say first if the practitioner knows them: a slot may be refused."""
    if known is not None or reason is None:
        return False
    reason.agenda = agenda
    return any(restriction(reason, booker) is not None for booker in (NEW, SAYS_KNOWN))
