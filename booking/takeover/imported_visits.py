"""Appointments that another software had: for which agenda and visit reason each line is."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.record.entries import Actor
from audit.refusal import Refusal
from booking.appointments.book import OutsideOpening, SlotTaken, book
from booking.appointments.marking import note_down
from booking.appointments.values import By, Conditions, Telling
from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.takeover.patient_file import VisitLine
from practitioners.domain.directory.text import search_text
from practitioners.domain.scheduling.wall_clock import instant
from practitioners.models import Agenda, Practice, VisitReason

LONGEST_NOTE = 500


class CannotTake(Refusal):
    """A line's appointment cannot be taken over; `text` says why."""

    past = _("ce rendez-vous est passé")
    nobody = _("praticien inconnu ici")
    no_reason = _("ce praticien n’a pas ce motif")
    taken = _("cette heure est déjà prise dans l’agenda")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where lines are looked up: the practice's agendas and visit reasons, by folded names."""

    practice: Practice
    agendas: list[tuple[str, Agenda]]
    reasons: dict[tuple[object, str], VisitReason]
    otherwise: VisitReason | None


def desk_of(practice: Practice, *, otherwise: VisitReason | None) -> Desk:
    """Read a practice's agendas and visit reasons once for many lines."""
    reasons = VisitReason.objects.filter(agenda__practice=practice).select_related(
        "agenda__practitioner", "agenda__practice"
    )
    agendas = {reason.agenda_id: reason.agenda for reason in reasons}
    return Desk(
        practice=practice,
        agendas=[(search_text(str(a.practitioner)), a) for a in agendas.values()],
        reasons={(reason.agenda_id, search_text(reason.name)): reason for reason in reasons},
        otherwise=next((reason for reason in reasons if reason == otherwise), None),
    )


def reason_for(line: VisitLine, *, desk: Desk) -> VisitReason:
    """Say which visit reason of which agenda a line means. Raises CannotTake."""
    agenda = desk.otherwise.agenda if desk.otherwise else None
    if line.practitioner:
        agenda = _agenda_of(line.practitioner, desk)
    if agenda is None:
        raise CannotTake(CannotTake.nobody)
    found = desk.reasons.get((agenda.pk, search_text(line.reason)))
    if found is None and desk.otherwise is not None and desk.otherwise.agenda_id == agenda.pk:
        found = desk.otherwise
    if found is None:
        raise CannotTake(CannotTake.no_reason)
    return found


def _agenda_of(name: str, desk: Desk) -> Agenda | None:
    """The one agenda whose practitioner's name has every word of this one, or the reverse."""
    words = set(search_text(name).split()) - {"dr", "docteur", "m", "mme"}
    found = [
        agenda
        for folded, agenda in desk.agendas
        if words and (words <= set(folded.split()) or set(folded.split()) - {"dr"} <= words)
    ]
    return found[0] if len(found) == 1 else None


def is_past(line: VisitLine, practice: Practice, *, now: datetime) -> bool:
    """Whether a line's visit has begun: what is over stays in the other software."""
    return instant(line.day, line.at, practice.zone) <= now


def take_visit(
    line: VisitLine, *, patient: Patient, desk: Desk, actor: Actor, now: datetime
) -> bool:
    """Book a line's visit; False when it is there already.

    Must run in a transaction of its own, which is rolled back when it raises CannotTake.
    """
    if is_past(line, desk.practice, now=now):
        raise CannotTake(CannotTake.past)
    reason = reason_for(line, desk=desk)
    starts_at = instant(line.day, line.at, desk.practice.zone)
    same = Appointment.unscoped.filter(patient=patient, agenda=reason.agenda, starts_at=starts_at)
    if same.exclude(status=Status.CANCELLED).exists():
        return False
    try:
        visit = book(
            visit_reason=reason,
            starts_at=starts_at,
            patient=patient,
            by=By(actor=actor, channel=Channel.PRACTICE),
            conditions=Conditions(anywhere=True, minutes=line.minutes, alone=True),
            telling=Telling(is_told=True),
            now=now,
        )
    except (SlotTaken, OutsideOpening) as error:
        raise CannotTake(CannotTake.taken) from error
    if words := _unsaid(line, reason):
        note_down(appointment=visit, text=words, actor=actor)
    return True


def _unsaid(line: VisitLine, reason: VisitReason) -> str:
    """What the line says of the visit and its visit reason does not: kept as the practice's note,
    which is sealed, since it may say anything of anybody.
    """
    words = line.reason.strip()
    return "" if search_text(words) in ("", search_text(reason.name)) else words[:LONGEST_NOTE]
