"""Documents as pages show them."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Document
from booking.patients.patients import NAME_FIELDS

LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class ShownDocument:
    """A document with its name, and its patient's."""

    document: Document
    title: str
    name: str


def newest() -> QuerySet[Document]:
    """The documents of the active scope, newest first."""
    found: QuerySet[Document] = Document.objects.select_related("practice", "patient").order_by(
        "-given_at", "pk"
    )
    return found


def show(rows: list[Document], *, actor: Actor, purpose: Purpose) -> list[ShownDocument]:
    """Reveal the names of some documents and of their patients: one block, one entry."""
    wanted: list[tuple[object, tuple[str, ...]]] = [(row, ("title",)) for row in rows]
    wanted += [(row.patient, NAME_FIELDS) for row in rows]
    with reveal(wanted, actor=actor, purpose=purpose) as plain:
        return [
            ShownDocument(
                document=row,
                title=plain.text(row, "title"),
                name=plain.joined(row.patient, NAME_FIELDS),
            )
            for row in rows
        ]


def unopened_by_practice(practice_id: uuid.UUID) -> int:
    """How many documents of patients wait for the practice to open them."""
    waiting = Document.unscoped.filter(practice=practice_id, by_practice=False)
    return waiting.filter(opened_at__isnull=True).count()
