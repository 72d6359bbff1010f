"""Telling people of a visit that gets in the way of another, and asking whether both are meant."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from booking.appointments.chains import Following
from booking.appointments.desk.unusual import mark_of
from booking.appointments.several.conflicts import Conflict, Kind, Wanted, conflicts
from booking.models import Appointment
from practitioners.domain.date_words import in_words
from practitioners.models import VisitReason

# The box that says so.
BOTH = "les-deux"
# The box that says that a time is meant which is over, or outside the openings.
MEANT = "heure-voulue"


def heeding(request: HttpRequest) -> QuerySet[Appointment] | None:
    """The appointments to heed: all that the scope shows, unless the form says that both are meant.

    In an account's scope these are its own people's everywhere; in a practice's, those there.
    """
    if BOTH in request.POST:
        return None
    found: QuerySet[Appointment] = Appointment.objects.all()
    return found


def asks_about_time(request: HttpRequest, reason: VisitReason, starts_at: datetime) -> bool:
    """Whether this time is still to be asked about: unless the form means it, and no other."""
    return request.POST.get(MEANT) != mark_of(reason, starts_at)


def conflicts_at(
    reason: VisitReason,
    starts: Mapping[uuid.UUID, datetime],
    *,
    then: Following | None = None,
) -> list[Conflict]:
    """What gets in the way of a visit of each of these patients at its start, and of the one that
    follows it, in the scope.
    """
    visits = [(reason, pk, at) for pk, at in starts.items()]
    if then is not None:
        visits += [(then.visit_reason, pk, then.starts_at) for pk in starts]
    wanted = [
        Wanted(
            patient_id=pk,
            practitioner_id=visit_reason.agenda.practitioner_id,
            starts_at=at,
            ends_at=at + timedelta(minutes=visit_reason.duration_minutes),
        )
        for visit_reason, pk, at in visits
    ]
    return conflicts(wanted=wanted, seen=Appointment.objects.all())


def sentence(conflict: Conflict, *, name: str = "") -> str:
    """Say what stands already, to somebody who may know of it."""
    row = conflict.other
    local = row.starts_at.astimezone(row.practice.zone)
    given = {
        "name": name or _("Cette personne"),
        "day": in_words(local.replace(tzinfo=None), "l j F Y"),
        "clock": f"{local:%H:%M}",
        "practitioner": str(row.agenda.practitioner),
    }
    if conflict.kind == Kind.SAME_TIME:
        text = _(
            "%(name)s a déjà rendez-vous à cette heure avec %(practitioner)s : %(day)s, %(clock)s."
        )
        return text % given
    return _("%(name)s a déjà rendez-vous avec ce praticien : %(day)s, %(clock)s.") % given


def sentences(
    found: Iterable[Conflict],
    names: Mapping[uuid.UUID, str],
    *,
    agendas: Collection[uuid.UUID] | None = None,
) -> list[str]:
    """Each sentence once, in order.

    `agendas`: those that a member of a practice works on; of another they learn no more than that
    the patient comes there.
    """
    said = [
        sentence(each, name=names.get(each.wanted.patient_id, ""))
        if agendas is None or each.other.agenda_id in agendas
        else _("Cette personne a déjà un autre rendez-vous dans ce cabinet à cette heure.")
        for each in found
    ]
    return list(dict.fromkeys(said))
