"""Substitutes: who sees an agenda's patients while its practitioner is away."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor
from audit.refusal import Refusal
from practitioners import actions
from practitioners.models import Agenda, Membership, Substitution


class OverlapsSubstitution(Refusal):
    """Somebody else is the substitute on one of these days."""

    text = _("Un autre remplacement couvre déjà un de ces jours.")


@transaction.atomic
def appoint(
    *,
    agenda: Agenda,
    name: str,
    since: date,
    until: date,
    member: Membership | None,
    actor: Actor,
) -> Substitution:
    """Say who sees an agenda's patients from one day to another, both included; on the record.

    Patients read the name wherever they read of a visit on these days. `member`: the substitute's
    own account, which then holds visits by video. Raises OverlapsSubstitution.
    """
    Agenda.objects.select_for_update(no_key=True).get(pk=agenda.pk)
    if agenda.substitutions.filter(since__lte=until, until__gte=since).exists():
        raise OverlapsSubstitution
    row = Substitution.objects.create(
        agenda=agenda, name=name, since=since, until=until, member=member
    )
    _record(actions.SUBSTITUTE_APPOINTED, row, actor=actor)
    return row


@transaction.atomic
def dismiss(*, substitution: Substitution, actor: Actor) -> None:
    """Take a substitution back; on the record. The member stays one."""
    _record(actions.SUBSTITUTE_DISMISSED, substitution, actor=actor)
    substitution.delete()


def _record(action: Action, row: Substitution, *, actor: Actor) -> None:
    entries.write(
        action,
        actor=actor,
        practice_id=row.agenda.practice_id,
        object_id=row.pk,
        details={"agenda": row.agenda_id, "from": str(row.since), "until": str(row.until)},
    )


def on_day_of(*, agenda: Agenda, at: datetime) -> Substitution | None:
    """Who is the substitute at an instant, by the practice's calendar."""
    day = at.astimezone(agenda.practice.zone).date()
    return agenda.substitutions.filter(since__lte=day, until__gte=day).first()


def name_at(*, agenda: Agenda, at: datetime) -> str:
    """The substitute's name at an instant, or nothing."""
    found = on_day_of(agenda=agenda, at=at)
    return found.name if found else ""


def between(*, agendas: Iterable[Agenda], since: date, until: date) -> list[Substitution]:
    """The substitutions of some agendas that touch the days [since, until], soonest first."""
    rows = Substitution.objects.filter(agenda__in=list(agendas), since__lte=until, until__gte=since)
    return list(rows.order_by("since", "pk"))
