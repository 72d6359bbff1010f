"""Who may book what, for many agendas at once: eligibility.py's rule as the database asks it."""

from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from practitioners.domain.eligibility import NEW, SAYS_KNOWN, restriction
from practitioners.models import Agenda, VisitReason
from practitioners.models.agenda import PatientKind


def bookable(*, prefix: str = "") -> Q:
    """The reasons that somebody may book online.

    A reason for new patients at an agenda that takes none is refused to everybody.
    """
    return ~Q(
        **{
            f"{prefix}patient_kind": PatientKind.NEW,
            f"{prefix}agenda__accepts_new_patients": False,
        }
    )


def reasons_for(known: bool | None, *, prefix: str = "") -> Q:
    """The reasons open to a patient whom the practitioner knows, or not; None is either."""
    if known is None:
        return bookable(prefix=prefix)
    closed_to = PatientKind.NEW if known else PatientKind.KNOWN
    return bookable(prefix=prefix) & ~Q(**{f"{prefix}patient_kind": closed_to})


def annotate(agendas: "QuerySet[Agenda]", *, known: bool | None) -> "QuerySet[Agenda]":
    """Annotate `restricted`: a patient who answered so can book nothing here.

    That is a practitioner who takes no new patients, or whose reasons are all for known ones;
    without an answer, one whose reasons nobody can book.
    """
    reasons = VisitReason.objects.filter(agenda_id=OuterRef("pk"), active=True)
    # Asked in this order, as most agendas have an open reason and need no second look.
    closed = Q(active=True) & ~Exists(reasons.filter(reasons_for(known))) & Exists(reasons)
    if known is False:
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
