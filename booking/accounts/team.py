"""The team of a practice: every change is told to its owners, who may undo it."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from audit.record import entries
from audit.record.entries import Actor, system_actor
from audit.vault.reveal import Purpose, reveal
from booking import actions
from booking.accounts import access_changes
from booking.accounts.access_changes import Handling, register_change
from booking.models import AccessChange, Account
from booking.models.accounts.access_change import ChangeKind
from booking.models.message import MessageKind
from booking.outbox.messages import owe_mail
from practitioners.domain import live
from practitioners.domain.date_words import in_words
from practitioners.domain.staff import invite, members
from practitioners.models import Agenda, Invitation, Membership, Practice, Role


@transaction.atomic
def invite_member(
    *,
    practice: Practice,
    email: str,
    role: str,
    agendas: Iterable[Agenda],
    ends_on: date | None,
    invited_by: Account,
    actor: Actor,
    now: datetime,
) -> Invitation:
    """Invite somebody by mail. Raises invite.AlreadyInvited and invite.AlreadyMember."""
    invitation = invite.invite(
        practice=practice, email=email, role=role, agendas=agendas, ends_on=ends_on,
        invited_by=invited_by, actor=actor, now=now,
    )  # fmt: skip
    owe_mail(kind=MessageKind.INVITATION, now=now, invitation=invitation)
    access_changes.tell(
        kind=ChangeKind.INVITATION, holder_id=practice.pk, object_id=invitation.pk, actor=actor,
        now=now, before={"role": role},
    )  # fmt: skip
    return invitation


@transaction.atomic
def set_last_day(
    *, membership: Membership, last_day: date | None, actor: Actor, now: datetime
) -> None:
    """Set the last day of a member's access, or none. Raises members.EndlessOwner."""
    before = membership.ends_on
    members.end_on(membership=membership, last_day=last_day, actor=actor)
    if before == last_day:
        return
    access_changes.tell(
        kind=ChangeKind.LAST_DAY, holder_id=membership.practice_id, object_id=membership.pk,
        actor=actor, now=now,
        before={
            "account": str(membership.account_id), "role": membership.role,
            "ends_on": _written(before), "until": _written(last_day),
        },
    )  # fmt: skip


@transaction.atomic
def remove_member(*, membership: Membership, actor: Actor, now: datetime) -> None:
    """Take a member's access away at once. Raises members.LastOwner."""
    practice_id, membership_id = membership.practice_id, membership.pk
    before = {
        "account": str(membership.account_id),
        "role": membership.role,
        "ends_on": _written(membership.ends_on),
        "practitioner": str(membership.practitioner_id) if membership.practitioner_id else None,
        "agendas": [str(pk) for pk in membership.agendas.values_list("pk", flat=True)],
    }
    members.remove(membership=membership, actor=actor)
    access_changes.tell(
        kind=ChangeKind.REMOVAL, holder_id=practice_id, object_id=membership_id, actor=actor,
        now=now, before=before,
    )  # fmt: skip


def note_file(
    *, practice: Practice, what: str, object_id: uuid.UUID, actor: Actor, now: datetime
) -> None:
    """Tell the owners that a file with a practice's data was downloaded; `what` is one of FILES."""
    access_changes.tell(
        kind=ChangeKind.FILE, holder_id=practice.pk, object_id=object_id, actor=actor, now=now,
        before={"what": what},
    )  # fmt: skip


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(change: AccessChange, name: str) -> date | None:
    written = change.before.get(name)
    return date.fromisoformat(str(written)) if written else None


def owners_of(practice_id: uuid.UUID) -> list[Account]:
    """The accounts that own a practice, and may sign in."""
    rows = Membership.objects.filter(
        practice=practice_id, role=Role.OWNER, account__is_active=True
    ).select_related("account")
    return [row.account for row in rows.order_by("pk")]


def name_of(practice_id: uuid.UUID) -> str:
    """The name of a practice."""
    return Practice.objects.get(pk=practice_id).name


def _role(change: AccessChange) -> str:
    return str(Role(change.before["role"]).label)


def _whom(change: AccessChange) -> str:
    """A member's role and address, by which a team tells its members apart."""
    account_id = change.before.get("account")
    if account_id is None:
        membership = Membership.objects.filter(pk=change.object_id).first()
        account_id = membership.account_id if membership else None
    return ", ".join(filter(None, (_role(change), access_changes.known_as(account_id))))


def _invited(change: AccessChange) -> str:
    """To which address, so that an owner can tell whether it is one of the team's."""
    invitation = Invitation.objects.filter(pk=change.object_id).first()
    if invitation is None:
        return _("Une personne est invitée comme %(role)s.") % {"role": _role(change)}
    with reveal([(invitation, ("email",))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        given = {"role": _role(change), "email": plain.text(invitation, "email")}
    return _("Une personne est invitée comme %(role)s, à l’adresse %(email)s.") % given


def _dated(change: AccessChange) -> str:
    until = _day(change, "until")
    if until is None:
        return _("L’accès d’un membre (%(role)s) n’a plus de fin.") % {"role": _whom(change)}
    given = {"role": _whom(change), "day": in_words(until, "j F Y")}
    return _("L’accès d’un membre (%(role)s) prend fin le %(day)s.") % given


def _removed(change: AccessChange) -> str:
    return _("Un membre (%(role)s) n’a plus accès.") % {"role": _whom(change)}


def _imported(_change: AccessChange) -> str:
    return _("Un fichier de patients est importé.")


def _downloaded(change: AccessChange) -> str:
    if change.before.get("what") == "reads":
        return _("Le registre des lectures du cabinet a été téléchargé.")
    if change.before.get("what") == "incident":
        return _("La liste des patients d’un incident a été téléchargée.")
    return _("Les lignes refusées d’un import ont été téléchargées.")


def _withdraw_invitation(change: AccessChange, actor: Actor, now: datetime) -> None:
    """Make the invitation worthless, and end the access that it gave meanwhile."""
    invitation = Invitation.objects.filter(pk=change.object_id).first()
    if invitation is None:
        return
    if invitation.accepted_at is None:
        if invitation.withdrawn_at is None:
            invite.withdraw(invitation=invitation, actor=actor, now=now)
        return
    joined = Membership.objects.filter(
        practice=invitation.practice_id, account__email_index=invitation.email_index
    ).first()
    if joined is not None and joined.created_at >= change.made_at:
        members.remove(membership=joined, actor=actor)


def _date_as_before(change: AccessChange, actor: Actor, _now: datetime) -> None:
    access_changes.check_latest(change)
    membership = Membership.objects.filter(pk=change.object_id).first()
    if membership is not None:
        members.end_on(membership=membership, last_day=_day(change, "ends_on"), actor=actor)


def _take_back_in(change: AccessChange, actor: Actor, now: datetime) -> None:
    """Give a removed member the access that there was, unless they have another one by now."""
    before = change.before
    account = Account.objects.filter(pk=before["account"], is_active=True).first()
    if account is None:
        return
    membership, is_new = Membership.objects.get_or_create(
        account=account, practice_id=change.holder_id,
        defaults={
            "role": before["role"], "ends_on": _day(change, "ends_on"),
            "practitioner_id": before["practitioner"],
        },
    )  # fmt: skip
    if not is_new:
        return
    membership.agendas.set(
        Agenda.objects.filter(practice=change.holder_id, pk__in=before["agendas"])
    )
    entries.write(
        actions.MEMBER_TAKEN_BACK, actor=actor, subjects=[account.pk], practice_id=change.holder_id,
        object_id=membership.pk, details={"role": membership.role}, at=now,
    )  # fmt: skip
    transaction.on_commit(partial(live.wake, account.pk), robust=True)


def register_changes() -> None:
    """Say how changes of a practice's own are told of and undone."""
    for kind, said, undo in (
        (ChangeKind.INVITATION, _invited, _withdraw_invitation),
        (ChangeKind.LAST_DAY, _dated, _date_as_before),
        (ChangeKind.REMOVAL, _removed, _take_back_in),
        (ChangeKind.IMPORT, _imported, None),
        (ChangeKind.FILE, _downloaded, None),
    ):
        register_change(kind, Handling(place=name_of, owners=owners_of, said=said, undo=undo))
