"""Members of a practice."""

import uuid
from datetime import date, datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from practitioners import actions
from practitioners.domain import live
from practitioners.models import Agenda, Membership, Practitioner, Role


class LastOwner(Refusal):
    """A practice keeps at least one owner."""

    text = _("Un cabinet garde au moins un responsable.")


class NotOfThisPractice(Refusal):
    """A member is a practitioner who has an agenda at the practice; a secretary is none."""

    text = _("Choisissez un praticien de ce cabinet.")


class EndlessOwner(Refusal):
    """An owner's access has no end: somebody has to be there to renew everybody's."""

    text = _("L’accès d’un responsable n’a pas de fin : changez d’abord son rôle.")


@transaction.atomic
def end_on(*, membership: Membership, last_day: date | None, actor: Actor) -> None:
    """Set the last day of a member's access, or none; on the record. Raises EndlessOwner."""
    if membership.role == Role.OWNER and last_day is not None:
        raise EndlessOwner
    membership.ends_on = last_day
    membership.save(update_fields=["ends_on"])
    entries.write(
        actions.MEMBER_ACCESS_DATED,
        actor=actor,
        subjects=[membership.account_id],
        practice_id=membership.practice_id,
        object_id=membership.pk,
        details={"until": last_day.isoformat() if last_day else None},
    )
    transaction.on_commit(partial(live.wake, membership.account_id), robust=True)


def standing(account_id: uuid.UUID, *, now: datetime) -> list[Membership]:
    """Return the memberships of an account that hold, by the practice's name."""
    rows = Membership.objects.filter(account=account_id).select_related("practice")
    return [row for row in rows.order_by("practice__name", "pk") if not row.is_over(now=now)]


def may_leave(membership: Membership) -> bool:
    """Whether the practice keeps an owner without this member."""
    owners = Membership.objects.filter(practice_id=membership.practice_id, role=Role.OWNER)
    return membership.role != Role.OWNER or owners.exclude(pk=membership.pk).exists()


@transaction.atomic
def remove(*, membership: Membership, actor: Actor) -> None:
    """Take a member's access away at once; on the record. Raises LastOwner."""
    owners = list(
        Membership.objects.select_for_update()
        .filter(practice_id=membership.practice_id, role=Role.OWNER)
        .order_by("pk")
    )
    if membership.role == Role.OWNER and len(owners) == 1:
        raise LastOwner
    account_id, membership_id = membership.account_id, membership.pk
    membership.delete()
    entries.write(
        actions.MEMBER_REMOVED,
        actor=actor,
        subjects=[account_id],
        practice_id=membership.practice_id,
        object_id=membership_id,
    )
    transaction.on_commit(partial(live.wake, account_id), robust=True)


def removed_at(*, account_id: uuid.UUID, practice_id: uuid.UUID) -> datetime | None:
    """When an account was last taken out of a practice's team, by the record; None if never."""
    removed = Entry.objects.filter(
        action=actions.MEMBER_REMOVED.code, practice_id=practice_id, subjects__contains=[account_id]
    )
    return removed.order_by("-at").values_list("at", flat=True).first()


@transaction.atomic
def link(*, membership: Membership, practitioner: Practitioner | None, actor: Actor) -> None:
    """Say which practitioner of the practice a member is; None for nobody. On the record.

    Only the agenda's own practitioner holds its visits by video. Raises NotOfThisPractice.
    """
    works_here = (
        practitioner is None
        or Agenda.objects.filter(
            practice_id=membership.practice_id, practitioner=practitioner
        ).exists()
    )
    if not works_here or membership.role == Role.SECRETARY:
        raise NotOfThisPractice
    membership.practitioner = practitioner
    membership.save(update_fields=["practitioner"])
    entries.write(
        actions.MEMBER_LINKED,
        actor=actor,
        subjects=[membership.account_id],
        practice_id=membership.practice_id,
        object_id=membership.pk,
        details={"practitioner": str(practitioner.pk) if practitioner else None},
    )
