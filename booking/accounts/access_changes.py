"""Telling owners of what gives access away, or takes data out, and letting them undo it.

A session in wrong hands can do what its owner can. Therefore every owner of the practice, or of
the vendor, is told by mail, the one in whose name it was done as well; a link of that mail undoes
the change without a session, as long as its reader is an owner still (OWASP ASVS 5.0, 6.3.7). That
it was undone, and by whose link, is told to every owner as well, and is on the record.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor, system_actor
from audit.vault.reveal import Purpose, reveal
from booking import actions
from booking.accounts.accounts import InvalidLink, id_of_link, link_actor, link_token
from booking.models import AccessChange, Account, Message
from booking.models.accounts.access_change import ChangeKind
from booking.models.message import MessageKind
from booking.outbox import messages

UNDONE_WITHIN = timedelta(days=30)
_SALT = "undo-access-change"
Undo = Callable[[AccessChange, Actor, datetime], None]


class NothingToUndo(InvalidLink):
    """The link is none of ours or too old, its change is for ever, or its reader no owner."""

    text = _(
        "Ce lien n’annule rien, ou plus rien : il sert pendant trente jours, à qui est encore"
        " responsable. Un accès se retire aussi depuis les pages du cabinet ou de l’éditeur."
    )


class ChangedSince(InvalidLink):
    """What the change was made to has changed again: what stood before it is long past."""

    text = _(
        "Depuis, cet accès a changé de nouveau : rien n’est défait. Annulez d’abord le dernier"
        " changement, par son propre message."
    )


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How one kind of change is told of and undone.

    `place`: the name of the practice or vendor. `owners`: the accounts told. `said`: one sentence
    on what was done, in the reader's language. `undo`: takes it back, as often as it is asked;
    None where it cannot be. `is_of_practice`: whether the place is one; the record names it then.
    """

    place: Callable[[uuid.UUID], str]
    owners: Callable[[uuid.UUID], Iterable[Account]]
    said: Callable[[AccessChange], str]
    undo: Undo | None
    is_of_practice: bool = True


_handlings: dict[str, Handling] = {}


def register_change(kind: ChangeKind, handling: Handling) -> None:
    """Say how a kind of change is told of and undone, once, as an application starts."""
    _handlings[kind] = handling


def handling_of(change: AccessChange) -> Handling:
    """How a change is told of and undone."""
    return _handlings[change.kind]


@transaction.atomic
def tell(
    *,
    kind: ChangeKind,
    holder_id: uuid.UUID,
    object_id: uuid.UUID,
    actor: Actor,
    now: datetime,
    before: Mapping[str, object] | None = None,
) -> AccessChange:
    """Note a change, and owe every owner the mail about it, in the caller's transaction."""
    change = AccessChange.objects.create(
        kind=kind, holder_id=holder_id, object_id=object_id, made_by=actor.id, made_at=now,
        before=dict(before or {}),
    )  # fmt: skip
    for account in _handlings[kind].owners(holder_id):
        messages.owe_to_account(
            account=account, kind=MessageKind.ACCESS_CHANGED, now=now, change=change
        )
    return change


def known_as(account_id: uuid.UUID | str | None) -> str:
    """The address by which a team knows one of its accounts; empty where it is erased or nobody's.

    On the record, as what a message says.
    """
    account = Account.objects.filter(pk=account_id).first() if account_id else None
    if account is None:
        return ""
    with reveal([(account, ("email",))], actor=system_actor(), purpose=Purpose.MESSAGE) as plain:
        return plain.text(account, "email")


def undo_token(message: Message) -> str:
    """What the mail to one owner carries: it undoes the change in that owner's name."""
    return link_token(message.pk, salt=_SALT)


def change_of(token: str, *, now: datetime) -> tuple[AccessChange, Account]:
    """Return the change that a link may undo, or has undone, and the owner who has the link.

    Raises NothingToUndo where it is too old, where nothing undoes it, and for no owner any more.
    """
    message = Message.objects.select_related("account", "access_change").filter(
        pk=id_of_link(token, salt=_SALT, broken=NothingToUndo)
    ).first()  # fmt: skip
    if message is None or message.account is None or message.access_change is None:
        raise NothingToUndo
    change, account = message.access_change, message.account
    handling = handling_of(change)
    if handling.undo is None or now - change.made_at > UNDONE_WITHIN:
        raise NothingToUndo
    if account.pk not in {owner.pk for owner in handling.owners(change.holder_id)}:
        raise NothingToUndo
    return change, account


def check_latest(change: AccessChange) -> None:
    """Raise ChangedSince where a later change of the same thing stands.

    For those that put back what was there before; taking something away is right at any time.
    """
    later = AccessChange.objects.filter(
        kind=change.kind, holder_id=change.holder_id, object_id=change.object_id,
        made_at__gt=change.made_at, undone_at=None,
    )  # fmt: skip
    if later.exists():
        raise ChangedSince


@transaction.atomic
def undo(*, token: str, now: datetime) -> AccessChange:
    """Undo a change, as the owner who has its link; twice is once.

    On the record as done by a link, and told to every owner, and to those whom it made none. Raises
    NothingToUndo and ChangedSince.
    """
    found, account = change_of(token, now=now)
    change = AccessChange.objects.select_for_update().get(pk=found.pk)
    if change.undone_at is not None:
        return change
    handling, actor = handling_of(change), link_actor(account)
    take_back = handling.undo
    assert take_back is not None  # noqa: S101 - change_of has looked
    owners = {each.pk: each for each in handling.owners(change.holder_id)}
    take_back(change, actor, now)
    change.undone_at, change.undone_by = now, account.pk
    change.save(update_fields=["undone_at", "undone_by"])
    entries.write(
        actions.ACCESS_CHANGE_UNDONE, actor=actor, object_id=change.object_id, at=now,
        practice_id=change.holder_id if handling.is_of_practice else None,
        details={"change": change.pk, "kind": change.kind},
    )  # fmt: skip
    owners |= {each.pk: each for each in handling.owners(change.holder_id)}
    for owner in owners.values():
        messages.owe_to_account(
            account=owner, kind=MessageKind.ACCESS_UNDONE, now=now, change=change
        )
    return change
