"""Who of a practice's people may work on the dashboard: asked again who they are, stopped, let in.

An account is stopped at all its practices at once: a session or a password in wrong hands opens
them all. Its own appointments as a patient stay within its reach.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit.record import entries
from audit.record.entries import Actor
from audit.watch.holders import Holders
from booking import actions
from booking.accounts.factors import passkeys
from booking.models import Account
from booking.models.message import MessageKind
from booking.outbox import messages
from practitioners.domain import live
from practitioners.models import Membership


@transaction.atomic
def ask(*, holder_id: uuid.UUID, actor: Actor, why: list[dict[str, object]], now: datetime) -> None:
    """Let no session of an account open anything before it gives its second factor again.

    Asked twice at one instant, it is asked once.
    """
    if not Account.objects.filter(pk=holder_id).exclude(asked_at=now).update(asked_at=now):
        return
    entries.write(
        actions.MEMBER_ASKED, actor=actor, object_id=holder_id, at=now, details={"signs": why}
    )
    transaction.on_commit(partial(live.wake, holder_id), robust=True)


@transaction.atomic
def stop(*, holder_id: uuid.UUID, actor: Actor, now: datetime) -> bool:
    """Sign an account out everywhere and keep it from the dashboard; False if it was already."""
    changed = Account.objects.filter(pk=holder_id, stopped_at__isnull=True).update(
        stopped_at=now, sign_outs=F("sign_outs") + 1
    )
    if changed:
        entries.write(actions.MEMBER_STOPPED, actor=actor, object_id=holder_id, at=now)
        transaction.on_commit(partial(live.wake, holder_id), robust=True)
    return bool(changed)


@transaction.atomic
def let_in(*, holder_id: uuid.UUID, actor: Actor, keys_are_safe: bool, now: datetime) -> bool:
    """End what `stop` began. A password that may be in wrong hands is ended with it, and so are
    passkeys: the account gets a mail by which it chooses another password.
    """
    account = Account.objects.select_for_update().get(pk=holder_id)
    if account.stopped_at is None:
        return False
    account.stopped_at = None
    account.asked_at = now
    if not keys_are_safe:
        account.set_unusable_password()
        passkeys.end_all(account)
        messages.owe_to_account(account=account, kind=MessageKind.RESET_PASSWORD, now=now)
    account.save(update_fields=["stopped_at", "asked_at", "password"])
    entries.write(actions.MEMBER_LET_IN, actor=actor, object_id=holder_id, at=now)
    return True


def is_stopped(account_id: uuid.UUID) -> bool:
    """Whether an account is kept from the dashboard now."""
    return Account.objects.filter(pk=account_id, stopped_at__isnull=False).exists()


def may_still_work(membership: Membership) -> bool:
    """Whether a member with whom a page was opened is one still, and not stopped meanwhile."""
    current = Membership.objects.select_related("practice").filter(pk=membership.pk).first()
    if current is None or current.is_over(now=timezone.now()):
        return False
    return not is_stopped(membership.account_id)


def names(account_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Their roles and practices: what they are called themselves is sealed."""
    rows = Membership.objects.filter(account__in=list(account_ids)).select_related("practice")
    found: dict[uuid.UUID, list[str]] = {}
    for row in rows.order_by("practice__name", "pk"):
        said = f"{row.get_role_display()}, {row.practice.name}"
        found.setdefault(row.account_id, []).append(said)
    return {pk: " · ".join(some) for pk, some in found.items()}


def practices(account_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """The practices at which these accounts are members at the moment."""
    rows = Membership.objects.filter(account__in=list(account_ids))
    return set(rows.values_list("practice", flat=True))


MEMBERS = Holders(
    stop=stop, let_in=let_in, is_stopped=is_stopped, names=names, practices=practices, ask=ask
)
