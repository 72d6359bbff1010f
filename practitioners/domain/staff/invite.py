"""Inviting colleagues and secretaries: a signed link, sent to the address alone."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_cryptography.core import signing

from audit.advisory_lock import wait_for
from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.blind_index import blind_index, normalise_email
from audit.vault.sealing import seal
from practitioners import actions
from practitioners.models import Agenda, Invitation, Membership, Practice

VALID_DAYS = 7


class InvalidInvitation(Refusal):
    """The invitation is unknown, used, too old, or meant for another address."""

    text = _(
        "Cette invitation n’est plus valable, ou elle est adressée à un autre compte. Si vous"
        " l’avez acceptée, connectez-vous ; sinon, demandez au cabinet de vous inviter de nouveau."
    )
    code, status = "link_invalid", 400


class AlreadyInvited(Refusal):
    """The practice has invited this address, and waits for the answer."""

    text = _(
        "Cette adresse est déjà invitée. Pour changer l’invitation, retirez-la, puis invitez de"
        " nouveau."
    )


class AlreadyMember(Refusal):
    """The address is a member's, whose access stands."""

    text = _("Cette personne est déjà de l’équipe.")


def address_index(email: str) -> bytes | None:
    """The blind index of an account's address; the same as sign-in uses."""
    return blind_index("account.email", normalise_email(email))


@transaction.atomic
def invite(
    *,
    practice: Practice,
    email: str,
    role: str,
    agendas: Iterable[Agenda],
    invited_by: Any,
    actor: Actor,
    now: datetime,
    ends_on: date | None = None,
) -> Invitation:
    """Create an invitation; the caller owes its mail. On the record, without the address.

    `ends_on`: the last day of the access that it gives. An address is invited once at a time:
    those who invite to one practice queue. Raises AlreadyInvited, AlreadyMember.
    """
    wait_for(f"invite {practice.pk}")
    _check_new(practice, address_index(email), now=now)
    invitation = Invitation(
        practice=practice,
        role=role,
        ends_on=ends_on,
        email_index=address_index(email),
        invited_by=invited_by,
        expires_at=now + timedelta(days=VALID_DAYS),
    )
    seal(invitation, email=email.strip())
    invitation.save(force_insert=True)
    invitation.agendas.set(agendas)
    entries.write(
        actions.MEMBER_INVITED,
        actor=actor,
        practice_id=practice.pk,
        object_id=invitation.pk,
        details={"role": role},
    )
    return invitation


def _check_new(practice: Practice, index: bytes | None, *, now: datetime) -> None:
    there = Membership.objects.filter(practice=practice, account__email_index=index).first()
    if there is not None and not there.is_over(now=now):
        raise AlreadyMember
    if pending(practice=practice, now=now).filter(email_index=index).exists():
        raise AlreadyInvited


def pending(*, practice: Practice, now: datetime) -> QuerySet[Invitation]:
    """The invitations of a practice that can still be accepted, newest first."""
    found: QuerySet[Invitation] = Invitation.objects.filter(
        practice=practice,
        accepted_at__isnull=True,
        withdrawn_at__isnull=True,
        expires_at__gt=now,
    )
    return found.order_by("-created_at", "pk")


@transaction.atomic
def withdraw(*, invitation: Invitation, actor: Actor, now: datetime) -> None:
    """Make an invitation's link worthless at once; on the record. Raises InvalidInvitation where
    it was accepted, or withdrawn before.
    """
    fresh = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    if fresh.accepted_at or fresh.withdrawn_at:
        raise InvalidInvitation
    fresh.withdrawn_at = now
    fresh.save(update_fields=["withdrawn_at"])
    entries.write(
        actions.INVITATION_WITHDRAWN,
        actor=actor,
        practice_id=fresh.practice_id,
        object_id=fresh.pk,
        details={"role": fresh.role},
    )


def invitation_token(invitation: Invitation) -> str:
    """The signed token of an invitation's link."""
    return signing.dumps(str(invitation.pk), salt="invitation")


def _named_by(token: str) -> Invitation:
    """Return the invitation that a token names, open or not. Raises InvalidInvitation."""
    try:
        invitation_id = uuid.UUID(signing.loads(token, salt="invitation"))
        found = Invitation.objects.select_related("practice").prefetch_related(
            "agendas__practitioner"
        )
        return found.get(pk=invitation_id)
    except (signing.BadSignature, ValueError, TypeError, Invitation.DoesNotExist) as error:
        raise InvalidInvitation from error


def open_invitation(*, token: str, now: datetime) -> Invitation:
    """Return the invitation that a token names, as long as it can be accepted.

    Raises InvalidInvitation.
    """
    invitation = _named_by(token)
    if not invitation.is_open(now=now):
        raise InvalidInvitation
    return invitation


def is_for(invitation: Invitation, account: Any) -> bool:
    """Whether it is the account's address, which it has proved, that was invited."""
    same_address = bytes(invitation.email_index or b"") == bytes(account.email_index)
    return same_address and account.email_verified_at is not None


def joined_by(*, token: str, account: Any, now: datetime) -> Membership | None:
    """Return the membership to which an invitation that is accepted led this account."""
    try:
        invitation = _named_by(token)
    except InvalidInvitation:
        return None
    if invitation.accepted_at is None or not is_for(invitation, account):
        return None
    there = Membership.objects.filter(account=account, practice=invitation.practice).first()
    return None if there is None or there.is_over(now=now) else there


@transaction.atomic
def accept(*, invitation: Invitation, account: Any, actor: Actor, now: datetime) -> Membership:
    """Make the account a member. Only the account whose verified address was invited may.

    An invitation never changes or captures an account: it adds a membership to the one that is
    signed in, or renews one that is over. Raises InvalidInvitation.
    """
    fresh = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    if not fresh.is_open(now=now) or not is_for(fresh, account):
        raise InvalidInvitation
    fresh.accepted_at = now
    fresh.save(update_fields=["accepted_at"])
    membership, created = Membership.objects.get_or_create(
        account=account,
        practice=fresh.practice,
        defaults={"role": fresh.role, "ends_on": fresh.ends_on},
    )
    if not created and membership.is_over(now=now):
        # Somebody whose access has ended comes back, as what they are invited as now.
        membership.role, membership.ends_on = fresh.role, fresh.ends_on
        membership.save(update_fields=["role", "ends_on"])
        created = True
    if created:
        membership.agendas.set(fresh.agendas.all())
    entries.write(
        actions.MEMBER_JOINED,
        actor=actor,
        subjects=[account.pk],
        practice_id=fresh.practice_id,
        object_id=membership.pk,
        details={"role": fresh.role},
    )
    return membership
