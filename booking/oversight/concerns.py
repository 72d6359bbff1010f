"""What patients find unexpected in the record, and the answers they get."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit.models import Entry
from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.sealing import seal
from booking import actions
from booking.models import Account, Concern
from practitioners.models import Practice


class AlreadyRaised(Refusal):
    """The line was reported before."""

    text = _("Vous avez déjà signalé cette ligne.")


class AlreadyAnswered(Refusal):
    """Somebody else answered first."""

    text = _("Une réponse a déjà été donnée.")


@transaction.atomic
def raise_concern(
    *, account: Account, entry: Entry, words: str, actor: Actor, now: datetime
) -> Concern:
    """Open a ticket about a line of the record, for the practice that it names and for staff.

    The words are sealed; that there is a ticket is on the record. Raises AlreadyRaised.
    """
    practice = Practice.objects.filter(pk=entry.practice_id).first() if entry.practice_id else None
    concern = Concern(
        account=account, entry_id=entry.pk, entry_at=entry.at, practice=practice, created_at=now
    )
    seal(concern, words=words)
    try:
        with transaction.atomic():
            concern.save(force_insert=True)
    except IntegrityError:
        raise AlreadyRaised from None
    entries.write(
        actions.CONCERN_RAISED,
        actor=actor,
        subjects=[account.pk],
        practice_id=entry.practice_id,
        object_id=entry.pk,
    )
    return concern


@transaction.atomic
def answer(*, concern: Concern, text: str, actor: Actor, now: datetime) -> Concern:
    """Answer a concern once; the patient sees it beside the line. Raises AlreadyAnswered."""
    fresh = Concern.objects.select_for_update(no_key=True).get(pk=concern.pk)
    if fresh.answered_at:
        raise AlreadyAnswered
    seal(fresh, answer=text)
    fresh.answered_at = now
    fresh.save(update_fields=["answer", "answered_at"])
    entries.write(
        actions.CONCERN_ANSWERED,
        actor=actor,
        subjects=[fresh.account_id],
        practice_id=fresh.practice_id,
        object_id=fresh.entry_id,
    )
    return fresh
