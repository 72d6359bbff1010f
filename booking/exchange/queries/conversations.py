"""Conversations as pages show them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment, Conversation, Reply
from booking.patients.patients import NAME_FIELDS
from practitioners.models import Agenda

LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class ShownConversation:
    """A conversation with what its list shows of it."""

    conversation: Conversation
    topic: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ShownReply:
    """One message, opened."""

    by_practice: bool
    at: datetime
    words: str


def newest() -> QuerySet[Conversation]:
    """The conversations of the active scope: what waits for an answer first, then the newest."""
    found: QuerySet[Conversation] = Conversation.objects.select_related(
        "patient", "agenda__practitioner", "agenda__practice", "practice"
    ).order_by("-waits_for_practice", "-changed_at", "pk")
    return found


def show(rows: list[Conversation], *, actor: Actor, purpose: Purpose) -> list[ShownConversation]:
    """Reveal topics and names of some conversations: one block, one entry."""
    wanted: list[tuple[object, tuple[str, ...]]] = [(row, ("topic",)) for row in rows]
    wanted += [(row.patient, NAME_FIELDS) for row in rows]
    with reveal(wanted, actor=actor, purpose=purpose) as plain:
        return [
            ShownConversation(
                conversation=row,
                topic=plain.text(row, "topic"),
                name=plain.joined(row.patient, NAME_FIELDS),
            )
            for row in rows
        ]


def open_one(
    row: Conversation, *, actor: Actor, purpose: Purpose
) -> tuple[ShownConversation, list[ShownReply]]:
    """Reveal one conversation with all its messages, oldest first: one block, one entry."""
    replies = list(Reply.objects.filter(conversation=row).order_by("at", "pk"))
    wanted: list[tuple[object, tuple[str, ...]]] = [(row, ("topic",)), (row.patient, NAME_FIELDS)]
    wanted += [(each, ("text",)) for each in replies]
    with reveal(wanted, actor=actor, purpose=purpose, object_id=row.pk) as plain:
        shown = ShownConversation(
            conversation=row,
            topic=plain.text(row, "topic"),
            name=plain.joined(row.patient, NAME_FIELDS),
        )
        return shown, [
            ShownReply(by_practice=each.by_practice, at=each.at, words=plain.text(each, "text"))
            for each in replies
        ]


def may_write_to() -> list[Agenda]:
    """The agendas that take messages and at which the people in scope have or had a visit."""
    visited = Appointment.objects.order_by().values("agenda")
    found = Agenda.objects.filter(pk__in=visited, takes_messages=True, active=True)
    found = found.select_related("practice", "practitioner")
    return list(found.order_by("practitioner__last_name", "practitioner__first_name", "pk")[:LIMIT])


def waiting_for_practice(practice_id: uuid.UUID) -> int:
    """How many conversations wait for the practice to read them."""
    return Conversation.unscoped.filter(practice=practice_id, waits_for_practice=True).count()
