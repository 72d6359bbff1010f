"""What a practice sets for itself and for each of its agendas."""

from django.db import transaction

from audit.record import entries
from audit.record.entries import Actor
from practitioners import actions
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.models import Agenda, Practice


@transaction.atomic
def save_practice(*, practice: Practice, actor: Actor) -> Practice:
    """Save what the practice says of itself; on the record.

    Reminders of appointments already booked keep the hours that held when they were booked.
    """
    practice.save()
    entries.write(
        actions.PRACTICE_SAVED, actor=actor, practice_id=practice.pk, object_id=practice.pk
    )
    return practice


@transaction.atomic
def save_agenda(*, agenda: Agenda, actor: Actor) -> Agenda:
    """Save an agenda's settings; on the record."""
    agenda.save()
    entries.write(
        actions.AGENDA_SAVED, actor=actor, practice_id=agenda.practice_id, object_id=agenda.pk
    )
    transaction.on_commit(lambda: mark_stale(agenda.pk), robust=True)
    return agenda
