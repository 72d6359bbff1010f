"""What people do about an incident: each step by somebody, on the record, some by two people.

detected -> contained -> assessed -> notified -> closed. Assessing needs the sources stopped;
notified needs the authority's form filed (or why not, where the severity is low) and every
practice told; closing and everything that lets somebody in again or tells the outside takes a
second person. A false alarm is closed by the approval that lets its sources in again.
"""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import actions
from audit.incidents import incidents, notices
from audit.incidents.exposure import exposure_of
from audit.incidents.post import Recipient, post
from audit.incidents.severity import Level, Severity
from audit.models import (
    Approval,
    ApprovalOf,
    Delegation,
    Incident,
    Notice,
    NoticeKind,
    NoticeState,
    State,
)
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.watch import holders, watcher


class NotNow(Refusal):
    """The step does not fit the incident as it stands; the text says what is missing."""


@transaction.atomic
def assess(incident: Incident, *, severity: Severity, actor: Actor, now: datetime) -> None:
    """Say how severe it is; may be said again while it is not closed. Raises NotNow."""
    incident = _locked(incident)
    if incident.state == State.DETECTED:
        raise NotNow(_("La source n’est pas encore arrêtée."))
    _not_closed(incident)
    incident.assessment = severity.written()
    if incident.state == State.CONTAINED:
        incident.state, incident.assessed_at = State.ASSESSED, now
    incident.save()
    text = f"SE = {severity.dpc:g} × {severity.ei:g} + {severity.cb:g} = {severity.score:g}"
    incidents.say(
        incident,
        actions.INCIDENT_ASSESSED,
        actor=actor,
        now=now,
        text=f"{text}\n{severity.reasons}",
    )


@transaction.atomic
def file_form(incident: Incident, *, actor: Actor, now: datetime, late: str = "") -> None:
    """Note that the authority has the form; late filing needs its reason (article 33(1))."""
    incident = _locked(incident)
    _not_closed(incident)
    _is_assessed(incident)
    if now > incidents.deadline(incident) and not late.strip():
        raise NotNow(_("Le délai de 72 heures est passé : dites pourquoi."))
    if late.strip():
        incident.answers = incident.answers | {"late": late.strip()}
    incident.filed_at = incident.filed_at or now
    incident.save()
    incidents.say(incident, actions.INCIDENT_FILED, actor=actor, now=now, text=late)


@transaction.atomic
def answer(incident: Incident, *, answers: dict[str, str], actor: Actor, now: datetime) -> None:
    """Keep what a person has added to the authority's form. Raises NotNow."""
    incident = _locked(incident)
    _not_closed(incident)
    incident.answers = answers
    incident.save(update_fields=["answers"])
    incidents.say(incident, actions.INCIDENT_ANSWERS, actor=actor, now=now)


@transaction.atomic
def ask(
    incident: Incident, of: ApprovalOf, *, actor: Actor, now: datetime, reason: str = ""
) -> Approval:
    """Ask for what takes two people. Raises NotNow."""
    incident = _locked(incident)
    _not_closed(incident)
    _CHECKS[of](incident)
    assert actor.id is not None  # noqa: S101 - somebody of the team, or nobody asks
    try:
        with transaction.atomic():
            made = Approval.objects.create(
                incident=incident, of=of, reason=reason.strip(), asked_by=actor.id, asked_at=now
            )
    except IntegrityError:
        raise NotNow(_("C’est déjà demandé.")) from None
    if of in _DRAFTED:
        recipients = _exposed(incident, of, now=now)
        notices.owe(incident, _DRAFTED[of], recipients, now=now, state=NoticeState.DRAFT)
    incidents.say(incident, actions.INCIDENT_ASKED[of], actor=actor, now=now, text=reason)
    return made


@transaction.atomic
def decide(approval: Approval, *, is_approved: bool, actor: Actor, now: datetime) -> None:
    """Approve or refuse what somebody else asked for. Raises NotNow."""
    incident = _locked(approval.incident)
    approval = Approval.objects.select_for_update().get(pk=approval.pk)
    if approval.decided_at is not None:
        raise NotNow(_("C’est déjà décidé."))
    if is_approved and approval.asked_by == actor.id:
        raise NotNow(_("Il faut une seconde personne : vous l’avez demandé vous-même."))
    of = ApprovalOf(approval.of)
    if is_approved:
        _CHECKS[of](incident)
    approval.decided_by, approval.decided_at = actor.id, now
    approval.is_approved = is_approved
    approval.save()
    decided = actions.INCIDENT_APPROVED if is_approved else actions.INCIDENT_REFUSED
    incidents.say(incident, decided[of], actor=actor, now=now)
    if is_approved:
        _DOES[of](incident, actor, now)
    elif of in _DRAFTED:
        # Asked again, they are drafted anew, from what is known then.
        _drafts(incident, of).delete()


@transaction.atomic
def notified(incident: Incident, *, actor: Actor, now: datetime, why_not: str = "") -> None:
    """Say that everybody is told who must be. Raises NotNow."""
    incident = _locked(incident)
    severity = Severity.read(incident.assessment)
    if incident.state != State.ASSESSED or severity is None:
        raise NotNow(_("L’incident n’est pas encore évalué."))
    if incident.filed_at is None:
        if severity.level != Level.LOW:
            raise NotNow(_("L’autorité n’a pas encore reçu la notification."))
        if not why_not.strip():
            raise NotNow(_("Dites pourquoi l’autorité n’est pas notifiée."))
    exposed = set(exposure_of(incident, now=now).practices)
    told = Notice.objects.filter(
        incident=incident,
        kind=NoticeKind.CONTROLLER,
        state__in=(NoticeState.SENT, NoticeState.VOID, NoticeState.FAILED),
    )
    if exposed - set(told.values_list("practice_id", flat=True)):
        raise NotNow(_("Des cabinets ne sont pas encore notifiés."))
    incident.state, incident.notified_at = State.NOTIFIED, now
    incident.save()
    incidents.say(incident, actions.INCIDENT_NOTIFIED, actor=actor, now=now, text=why_not)


@transaction.atomic
def delegate(incident: Incident, *, practice_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """A practice lets us tell its patients. Returns whether it had not before."""
    assert actor.id is not None  # noqa: S101 - an owner of the practice
    _made, is_new = Delegation.objects.get_or_create(
        incident=incident, practice_id=practice_id,
        defaults={"given_by": actor.id, "given_at": now},
    )  # fmt: skip
    if is_new:
        incidents.note(
            incident, actions.INCIDENT_DELEGATED, actor=actor, at=now, practice=practice_id
        )
    return is_new


@transaction.atomic
def pause(incident: Incident, *, is_paused: bool, actor: Actor, now: datetime) -> None:
    """Stop telling practices and patients, or go on."""
    incident = _locked(incident)
    incident.is_paused = is_paused
    incident.save(update_fields=["is_paused"])
    done = actions.INCIDENT_PAUSED if is_paused else actions.INCIDENT_RESUMED
    incidents.say(incident, done, actor=actor, now=now)
    if not is_paused:
        transaction.on_commit(notices.wake_sender, robust=True)


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update().get(pk=incident.pk)


def _not_closed(incident: Incident) -> None:
    if incident.state == State.CLOSED:
        raise NotNow(_("L’incident est clos."))


def _has_stopped(incident: Incident) -> None:
    if not incident.sources.filter(let_in_at__isnull=True).exists():
        raise NotNow(_("Rien n’est arrêté."))


def _is_assessed(incident: Incident) -> None:
    if not incident.assessment:
        raise NotNow(_("L’incident n’est pas encore évalué."))


def _can_close(incident: Incident) -> None:
    if incident.state != State.NOTIFIED:
        raise NotNow(_("Les notifications ne sont pas terminées."))
    owed = incident.notices.filter(
        state__in=(NoticeState.DRAFT, NoticeState.OWED, NoticeState.HANDED, NoticeState.UNSURE)
    )
    if owed.exists():
        raise NotNow(_("Des avis attendent encore."))


def _let_in(incident: Incident, actor: Actor, now: datetime, *, keys_are_safe: bool) -> None:
    stopped = list(incident.sources.filter(let_in_at__isnull=True))
    groups = {source.group_id for source in stopped if source.group_id}
    reached: set[uuid.UUID] = set()
    for source in stopped:
        holders.let_in(
            kind=source.kind, holder_id=source.holder_id, actor=actor,
            keys_are_safe=keys_are_safe, now=now,
        )  # fmt: skip
        reached |= holders.practices(source.kind, [source.holder_id])
        source.let_in_at = now
        source.save(update_fields=["let_in_at"])
    watcher.forget_suspicion(
        [source.holder_id for source in stopped], group_ids=groups, are_own=keys_are_safe
    )
    notices.owe(incident, NoticeKind.RELEASED, post().owners(reached), now=now)


def _false_alarm(incident: Incident, actor: Actor, now: datetime) -> None:
    _let_in(incident, actor, now, keys_are_safe=True)
    incident.is_false_alarm, incident.state, incident.closed_at = True, State.CLOSED, now
    incident.save()


def _release(incident: Incident, actor: Actor, now: datetime) -> None:
    _let_in(incident, actor, now, keys_are_safe=False)


def _drafts(incident: Incident, of: ApprovalOf) -> notices.Notices:
    return Notice.objects.filter(incident=incident, kind=_DRAFTED[of], state=NoticeState.DRAFT)


def _exposed(incident: Incident, of: ApprovalOf, *, now: datetime) -> Iterable[Recipient]:
    """Who is to be told: exposed practices, or everybody exposed where a practice delegates it."""
    practices = exposure_of(incident, now=now).practices
    if of == ApprovalOf.PRACTICES:
        return post().owners(practices)
    delegated = incident.delegations.filter(practice_id__in=practices)
    delegating = delegated.values_list("practice_id", flat=True)
    return post().people({subject for pk in delegating for subject in practices[pk]})


def _tell(of: ApprovalOf, incident: Incident, actor: Actor, now: datetime) -> None:
    _drafts(incident, of).update(state=NoticeState.OWED, due_at=now)
    transaction.on_commit(notices.wake_sender, robust=True)


def _close(incident: Incident, actor: Actor, now: datetime) -> None:
    incident.state, incident.closed_at = State.CLOSED, now
    incident.save()


_DRAFTED = {
    ApprovalOf.PRACTICES: NoticeKind.CONTROLLER, ApprovalOf.PATIENTS: NoticeKind.PATIENT,
}  # fmt: skip
_CHECKS: dict[ApprovalOf, Callable[[Incident], None]] = {
    ApprovalOf.FALSE_ALARM: _has_stopped,
    ApprovalOf.RELEASE: _has_stopped,
    ApprovalOf.PRACTICES: _is_assessed,
    ApprovalOf.PATIENTS: _is_assessed,
    ApprovalOf.CLOSE: _can_close,
}
_DOES: dict[ApprovalOf, Callable[[Incident, Actor, datetime], None]] = {
    ApprovalOf.FALSE_ALARM: _false_alarm,
    ApprovalOf.RELEASE: _release,
    ApprovalOf.PRACTICES: partial(_tell, ApprovalOf.PRACTICES),
    ApprovalOf.PATIENTS: partial(_tell, ApprovalOf.PATIENTS),
    ApprovalOf.CLOSE: _close,
}
