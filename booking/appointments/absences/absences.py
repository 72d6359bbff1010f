"""Adding an absence when patients may already be booked in it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction

from audit.record.entries import Actor
from booking.appointments import chains, change
from booking.appointments.news import owed
from booking.appointments.values import By, Telling
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.hours import openings
from practitioners.domain.scheduling.reservations.pieces import lock_resources
from practitioners.models import Agenda, Taken

SEARCHED = timedelta(days=42)
CHOICES = 6


class Booked(StrEnum):
    """What to do with the appointments in the absence."""

    KEEP = "keep"
    MOVE = "move"
    CANCEL = "cancel"


def ways_out(
    *, appointments: Iterable[Appointment], starts_at: datetime, until: datetime, now: datetime
) -> dict[uuid.UUID, list[datetime]]:
    """Return free slots outside the absence for each appointment in it.

    First the soonest after it, then those before it; the first choice of one is not offered to the
    next ones, so that all first choices can be used together.
    """
    rows = sorted(appointments, key=lambda each: (each.starts_at, each.pk))
    slots = availability.free_slots_of_many(
        visit_reasons=list({row.visit_reason for row in rows}),
        since=now,
        until=until + SEARCHED,
        now=now,
        online=False,
    )
    given_away: dict[uuid.UUID, list[tuple[datetime, datetime]]] = {}
    found = {}
    for row in rows:
        taken = given_away.setdefault(row.agenda_id, [])
        free = [
            slot
            for slot in slots[row.visit_reason_id]
            if not (slot.starts_at < until and starts_at < slot.ends_at)
            and not any(slot.starts_at < ends and begins < slot.ends_at for begins, ends in taken)
        ]
        free.sort(key=lambda slot: (slot.starts_at < until, abs(slot.starts_at - until)))
        found[row.pk] = [slot.starts_at for slot in free[:CHOICES]]
        if free:
            taken.append((free[0].starts_at, free[0].ends_at))
    return found


def booked_in(
    *, agenda_ids: Iterable[uuid.UUID], starts_at: datetime, until: datetime, now: datetime
) -> list[Taken]:
    """The reservations of visits in [starts_at, until) for which an absence needs a decision.

    Without visits that are over or whose patient has come, which are not affected.
    """
    taken = openings.touched_by_absence(agenda_ids=agenda_ids, starts_at=starts_at, until=until)
    rows = Appointment.objects.filter(taken__in=taken, status=Status.BOOKED, ends_at__gt=now)
    still = set(rows.values_list("taken_id", flat=True))
    return [each for each in taken if each.pk in still]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A visit after the absence, and the time at which its patient would have come in vain."""

    appointment: Appointment
    former: datetime


@transaction.atomic
def close_time(
    *,
    agendas: Iterable[Agenda],
    starts_at: datetime,
    until: datetime,
    label: str,
    booked: Booked,
    actor: Actor,
    now: datetime,
    moves: Mapping[uuid.UUID, datetime | None] | None = None,
    words: str = "",
) -> list[Changed]:
    """Add an absence to each agenda; return the appointments that it moved or cancelled.

    With MOVE each goes to where `moves` says, and is cancelled where that says None; one that it
    does not name stays. A visit that follows another goes along with it, and is told of with it.
    `words` are added to what the patients are told. All or nothing, in one transaction; each
    absence and each change is on the record, and the patients' messages are owed by the same
    commit. Raises SlotTaken, OutsideOpening.
    """
    agendas = list(agendas)
    for practice_id in sorted({agenda.practice_id for agenda in agendas}):
        # Moves may need a room, so all resources are locked before the first reservation.
        lock_resources(practice_id)
    for agenda in agendas:
        openings.add_absence(
            agenda=agenda, starts_at=starts_at, until=until, label=label, actor=actor
        )
    if booked == Booked.KEEP:
        return []
    taken = booked_in(
        agenda_ids=[agenda.pk for agenda in agendas], starts_at=starts_at, until=until, now=now
    )
    rows = chains.firsts_first(Appointment.objects.filter(taken__in=taken))
    where: Mapping[uuid.UUID, datetime | None] = (moves or {}) if booked == Booked.MOVE else {}
    rows = [row for row in rows if booked == Booked.CANCEL or row.pk in where]
    by = By(actor=actor, channel=Channel.PRACTICE)
    return _change_each(rows, where, by=by, words=words, now=now)


def _change_each(
    rows: Iterable[Appointment],
    where: Mapping[uuid.UUID, datetime | None],
    *,
    by: By,
    words: str,
    now: datetime,
) -> list[Changed]:
    """Move or cancel each of these, with what follows it; one message tells of a series."""
    changed, told = list[Changed](), set[tuple[uuid.UUID, uuid.UUID | None]]()
    for row in rows:
        if chains.went_along(row):
            continue
        to = where.get(row.pk)
        if to is None:
            after = change.cancel(
                appointment=row,
                by=by,
                # One message tells of all of a series that are cancelled together.
                telling=Telling(words=words, is_told=(row.patient_id, row.series) in told),
                now=now,
            )
            if row.series is not None and owed.is_news(row, now=now):
                told.add((row.patient_id, row.series))
        else:
            after = change.move(
                appointment=row,
                starts_at=to,
                by=by,
                telling=Telling(words=words),
                now=now,
            )
        changed.append(Changed(appointment=after, former=row.starts_at))
    return changed
