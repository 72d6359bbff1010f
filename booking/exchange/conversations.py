"""Conversations between patients and practices. Every word is sealed for the patient."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from audit.refusal import Refusal
from audit.vault.sealing import seal
from booking import actions
from booking.models import Account, Conversation, Patient, PracticePatient, Reply
from booking.models.message import MessageKind
from booking.outbox import messages
from practitioners.models import Agenda

# Whoever gets no answer does not write without end.
UNANSWERED_AT_MOST = 5
OPEN_AT_MOST = 20


class CannotWrite(Refusal):
    """The conversation does not take this message; `text` says why."""

    closed = _("Ce praticien ne reçoit pas de messages ici : appelez le cabinet.")
    unknown = _("Le cabinet ne vous connaît pas encore : prenez d’abord rendez-vous.")
    is_over = _("Cette conversation est close. Commencez-en une autre.")
    patience = _("Le cabinet n’a pas encore répondu. Attendez sa réponse, ou appelez-le.")


@transaction.atomic
def begin(
    *,
    agenda: Agenda,
    patient: Patient,
    topic: str,
    words: str,
    author: Account,
    actor: Actor,
    now: datetime,
) -> Conversation:
    """Begin a conversation with a practice that knows the patient. Raises CannotWrite."""
    if not agenda.takes_messages:
        raise CannotWrite(CannotWrite.closed)
    if not PracticePatient.objects.filter(practice=agenda.practice_id, patient=patient).exists():
        raise CannotWrite(CannotWrite.unknown)
    waiting = Conversation.unscoped.filter(
        patient=patient, practice=agenda.practice_id, waits_for_practice=True
    )
    if waiting.count() >= OPEN_AT_MOST:
        raise CannotWrite(CannotWrite.patience)
    row = Conversation(
        practice_id=agenda.practice_id, agenda=agenda, patient=patient, started_at=now,
        changed_at=now,
    )  # fmt: skip
    seal(row, topic=topic.strip())
    row.save(force_insert=True)
    _add(row, words, author=author, by_practice=False, actor=actor, now=now)
    return row


@transaction.atomic
def reply(
    *,
    conversation: Conversation,
    words: str,
    author: Account,
    by_practice: bool,
    actor: Actor,
    now: datetime,
) -> Reply:
    """Add a message. A practice's opens a closed conversation again. Raises CannotWrite."""
    row = Conversation.unscoped.select_for_update(no_key=True).get(pk=conversation.pk)
    if not by_practice:
        if row.closed_at is not None:
            raise CannotWrite(CannotWrite.is_over)
        last = Reply.unscoped.filter(conversation=row).order_by("-at", "-pk")
        newest = list(last.values_list("by_practice", flat=True)[:UNANSWERED_AT_MOST])
        if len(newest) == UNANSWERED_AT_MOST and not any(newest):
            raise CannotWrite(CannotWrite.patience)
    return _add(row, words, author=author, by_practice=by_practice, actor=actor, now=now)


def _add(
    row: Conversation,
    words: str,
    *,
    author: Account,
    by_practice: bool,
    actor: Actor,
    now: datetime,
) -> Reply:
    made = Reply(
        conversation=row, patient_id=row.patient_id, by_practice=by_practice, author=author, at=now
    )
    seal(made, text=words.strip())
    made.save(force_insert=True)
    is_news = by_practice and not row.waits_for_patient
    row.changed_at, row.closed_at = now, None
    # Whoever writes has read what was there.
    row.waits_for_practice, row.waits_for_patient = not by_practice, by_practice
    row.save(update_fields=["changed_at", "closed_at", "waits_for_practice", "waits_for_patient"])
    entries.write(
        actions.MESSAGE_WRITTEN, actor=actor, subjects=[row.patient_id],
        practice_id=row.practice_id,
        object_id=row.pk, at=now,
    )  # fmt: skip
    account = row.patient.account
    if is_news and account is not None:
        # One mail for all that is unread; it says that there is something, and not what.
        messages.owe_to_account(account=account, kind=MessageKind.REPLY, now=now)
    return made


def seen(*, conversation: Conversation, by_practice: bool) -> None:
    """Note that one side has opened what was written."""
    name = "waits_for_practice" if by_practice else "waits_for_patient"
    Conversation.unscoped.filter(pk=conversation.pk).update(**{name: False})


@transaction.atomic
def close(*, conversation: Conversation, actor: Actor, now: datetime) -> bool:
    """End a conversation: the patient reads it, and may begin another. False if it was closed."""
    changed = Conversation.unscoped.filter(pk=conversation.pk, closed_at__isnull=True).update(
        closed_at=now, waits_for_practice=False
    )
    if changed:
        entries.write(
            actions.CONVERSATION_CLOSED, actor=actor, subjects=[conversation.patient_id],
            practice_id=conversation.practice_id, object_id=conversation.pk, at=now,
        )  # fmt: skip
    return bool(changed)
