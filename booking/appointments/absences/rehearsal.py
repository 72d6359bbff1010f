"""A preview of the messages that an absence would send, without any lasting change.

The absence is added and undone in one transaction, so that the preview is exactly what the same
action would send: by e-mail or text message, in each reader's language, one message for a series or
for a visit with its follow-up visit, and none to patients without an address.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from audit.record.entries import Actor
from booking.appointments.absences.absences import Booked, close_time
from booking.appointments.news import letter
from booking.models import Message
from booking.models.message import MessageKind, MessageState
from booking.outbox.letters import NothingToSay
from practitioners.models import Agenda

NEWS = (MessageKind.CHANGE, MessageKind.CANCELLATION)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One message as the first of its readers gets it, without a name; `count` get one like it,
    with their own hour, and of a cancellation that nobody gets as things stand it is 0.
    """

    kind: str
    channel: str
    language: str
    subject: str
    text: str
    count: int

    @property
    def title(self) -> str:
        """The subject; of a text, which has none, how it begins."""
        return self.subject or self.text.partition(":")[0].strip()


def rehearse(
    *,
    agendas: Sequence[Agenda],
    starts_at: datetime,
    until: datetime,
    booked: Booked,
    moves: Mapping[uuid.UUID, datetime | None],
    words: str,
    actor: Actor,
    now: datetime,
) -> list[Sample]:
    """Return each kind of message that `close_time` would queue: moves first, the most frequent
    first.

    Raises SlotTaken and OutsideOpening, as it does.
    """
    with transaction.atomic():
        changed = close_time(
            agendas=agendas,
            starts_at=starts_at,
            until=until,
            label="",
            booked=booked,
            moves=moves,
            words=words,
            actor=actor,
            now=now,
        )
        ids = [each.appointment.pk for each in changed]
        found = _samples(ids, now=now)
        transaction.set_rollback(True)
    return found


def _samples(appointment_ids: list[uuid.UUID], *, now: datetime) -> list[Sample]:
    """The messages queued for these visits, equal ones together."""
    rows = (
        Message.objects.filter(
            appointment__in=appointment_ids, kind__in=NEWS, state=MessageState.OWED
        )
        .select_related(*letter.ABOUT_APPOINTMENT)
        .order_by("appointment__starts_at", "pk")
    )
    first: dict[tuple[object, ...], tuple[Message, letter.Preview]] = {}
    counts: dict[tuple[object, ...], int] = {}
    for row in rows:
        try:
            shown = letter.preview(row, now=now)
        except NothingToSay:
            continue
        first.setdefault(shown.shape, (row, shown))
        counts[shown.shape] = counts.get(shown.shape, 0) + 1
    found = [
        Sample(
            kind=row.kind,
            channel=row.channel,
            language=shown.language,
            subject=shown.letter.subject,
            text=shown.letter.text,
            count=counts[shape],
        )
        for shape, (row, shown) in first.items()
    ]
    return sorted(found, key=lambda each: (each.kind != MessageKind.CHANGE, -each.count))
