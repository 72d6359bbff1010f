"""Taking second factors away from somebody who has lost them all: by two of the team, a day later.

A second factor that one member of the team could take away would be worth no more than that member
(NIST SP 800-63B section 4.2 on recovery: notify the owner, and delay). The owner is told by mail
when the second one agrees, and stops it by one link, or from any page of the account, for a day.
"""

import uuid
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.actions import Action
from audit.record.entries import Actor, system_actor
from audit.refusal import Refusal
from booking import actions
from booking.accounts.accounts import InvalidLink, id_of_link, link_actor, link_token
from booking.accounts.factors.second_factor import FACTORS
from booking.accounts.sessions import sign_ins
from booking.models import Account, FactorReset
from booking.models.accounts.factor_reset import Proof, ResetOutcome
from booking.models.message import MessageKind
from booking.outbox import messages

DELAY = timedelta(days=1)
_SALT = "stop-factor-reset"


class ResetOver(InvalidLink):
    """The link is none of ours, or its reset was declined, or carried out."""

    text = _(
        "Cette demande est close : il n’y a plus rien à arrêter. Si votre second facteur a été"
        " retiré sans vous, changez de mot de passe et remettez-en un."
    )


DECIDED = _("Cette demande est déjà décidée.")


class ResetRefused(Refusal):
    """A reset cannot be asked for, or not be decided so; the text says why."""


def pending(account: Account) -> FactorReset | None:
    """The reset of an account that has not ended, approved or not."""
    return FactorReset.objects.filter(account=account, ended_at__isnull=True).first()


def last_ended(account: Account) -> FactorReset | None:
    """The latest reset of an account that has ended: how, says its outcome."""
    ended = FactorReset.objects.filter(account=account, ended_at__isnull=False)
    return ended.order_by("-ended_at", "pk").first()


def announced(account: Account) -> FactorReset | None:
    """The reset that an account's owner was told of and may still stop."""
    found = pending(account)
    return found if found is not None and found.due_at is not None else None


@transaction.atomic
def ask(*, account: Account, proof: Proof, actor: Actor, now: datetime) -> FactorReset:
    """Ask for a reset, as one of the team. Raises ResetRefused."""
    if not has_factors(account):
        raise ResetRefused(_("Ce compte n’a pas de second facteur."))
    if actor.id == account.pk:
        raise ResetRefused(_("Personne ne demande cela pour son propre compte."))
    row = FactorReset(account=account, proof=proof, asked_by=_id(actor), asked_at=now)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ResetRefused(_("Une réinitialisation est déjà demandée pour ce compte.")) from error
    _note(actions.SECOND_FACTOR_RESET_ASKED, row, actor=actor, now=now)
    return row


@transaction.atomic
def decide(*, reset_id: uuid.UUID, approve: bool, actor: Actor, now: datetime) -> FactorReset:
    """Approve or decline a reset, as another one of the team; an approval tells the owner.

    Raises ResetRefused.
    """
    row = FactorReset.objects.select_for_update().select_related("account").get(pk=reset_id)
    if row.ended_at is not None or row.due_at is not None:
        raise ResetRefused(DECIDED)
    if _id(actor) in (row.asked_by, row.account_id):
        raise ResetRefused(_("Une autre personne de l’équipe doit décider."))
    if not approve:
        return _end(row, ResetOutcome.DECLINED, actor=actor, now=now)
    row.approved_by, row.approved_at, row.due_at = _id(actor), now, now + DELAY
    row.save()
    _note(actions.SECOND_FACTOR_RESET_APPROVED, row, actor=actor, now=now)
    messages.owe_to_account(account=row.account, kind=MessageKind.FACTOR_RESET, now=now)
    return row


def stop_token(reset: FactorReset) -> str:
    """What the mail to the owner carries: it stops the reset."""
    return link_token(reset.pk, salt=_SALT)


def reset_of(token: str) -> FactorReset:
    """Return the announced reset that a link may stop, or has stopped. Raises ResetOver."""
    pk = id_of_link(token, salt=_SALT, broken=ResetOver)
    found = FactorReset.objects.filter(pk=pk, due_at__isnull=False).first()
    if found is None or found.outcome not in ("", ResetOutcome.STOPPED):
        raise ResetOver
    return found


@transaction.atomic
def stop(*, token: str, now: datetime) -> FactorReset:
    """Stop a reset, as the owner who has its link; twice is once. Raises ResetOver."""
    row = FactorReset.objects.select_for_update().get(pk=reset_of(token).pk)
    if row.outcome == ResetOutcome.STOPPED:
        return row
    if row.ended_at is not None:
        raise ResetOver
    return _end(row, ResetOutcome.STOPPED, actor=link_actor(row.account), now=now)


def carry_out_due(*, now: datetime) -> int:
    """Carry out what was approved a day ago and not stopped; return how many."""
    due = FactorReset.objects.filter(ended_at__isnull=True, due_at__lte=now)
    return sum(_carry_out(pk, now=now) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def _carry_out(reset_id: uuid.UUID, *, now: datetime) -> bool:
    row = FactorReset.objects.select_for_update().select_related("account").get(pk=reset_id)
    if row.ended_at is not None:
        return False
    account = row.account
    for kind in FACTORS:
        kind.objects.filter(user=account).delete()
    sign_ins.sign_out_everywhere(account)
    _end(row, ResetOutcome.DONE, actor=system_actor(), now=now)
    messages.owe_to_account(account=account, kind=MessageKind.FACTOR_GONE, now=now)
    return True


def has_factors(account: Account) -> bool:
    """Whether anything is there that a reset takes away."""
    return any(kind.objects.filter(user=account).exists() for kind in FACTORS)


def _end(row: FactorReset, outcome: ResetOutcome, *, actor: Actor, now: datetime) -> FactorReset:
    row.outcome, row.ended_at = outcome, now
    row.save(update_fields=["outcome", "ended_at"])
    _note(_ENDED[outcome], row, actor=actor, now=now)
    return row


_ENDED = {
    ResetOutcome.DECLINED: actions.SECOND_FACTOR_RESET_DECLINED,
    ResetOutcome.STOPPED: actions.SECOND_FACTOR_RESET_STOPPED,
    ResetOutcome.DONE: actions.SECOND_FACTOR_RESET,
}


def _note(action: Action, row: FactorReset, *, actor: Actor, now: datetime) -> None:
    entries.write(
        action, actor=actor, subjects=[row.account_id], object_id=row.pk, at=now,
        details={"proof": row.proof},
    )  # fmt: skip


def _id(actor: Actor) -> uuid.UUID:
    assert actor.id is not None  # noqa: S101 - the team are accounts
    return actor.id
