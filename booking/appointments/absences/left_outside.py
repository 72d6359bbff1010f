"""Asking before a change of an agenda's hours leaves booked visits outside of them.

The visits stay booked in any case. The practice sees each of them before the change is saved, as
with an absence, and confirms it.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from booking.models import Appointment
from booking.models.appointment import Status
from practitioners.domain.scheduling.wall_clock import instant, is_public_holiday, occurs_on
from practitioners.models import Agenda, Opening


class LeavesOutside(Exception):
    """The change would leave these visits outside of the hours, and nobody has confirmed it yet."""

    def __init__(self, left: list[Appointment]) -> None:
        super().__init__(f"{len(left)} visits")
        self.left = left


@contextmanager
def asking(*, agenda: Agenda, now: datetime, meant: str) -> Iterator[list[Appointment]]:
    """Change the hours of an agenda in here; afterwards the list contains the visits left outside.

    These are the upcoming visits that were within the hours before and no longer are, soonest
    first. One transaction: it raises LeavesOutside, and nothing is changed, unless `meant` is the
    mark of exactly these visits.
    """
    left: list[Appointment] = []
    with transaction.atomic():
        # Concurrent changes of its opening hours wait.
        Agenda.objects.select_for_update(no_key=True).get(pk=agenda.pk)
        rows = list(
            Appointment.objects.filter(agenda=agenda, status=Status.BOOKED, ends_at__gt=now)
            .select_related("practice")
            .order_by("starts_at", "pk")
        )
        before = _inside(agenda, rows) if rows else set()
        yield left
        after = _inside(agenda, rows) if rows else set()
        left += [row for row in rows if row.pk in before - after]
        if left and meant != mark_of(left):
            raise LeavesOutside(left)


def mark_of(left: Iterable[Appointment]) -> str:
    """The value that a form sends to confirm exactly these visits; others are asked about again."""
    rows = sorted(f"{row.pk.hex}-{row.starts_at.timestamp():.0f}" for row in left)
    return hashlib.sha256(" ".join(rows).encode()).hexdigest()[:32]


def _inside(agenda: Agenda, rows: Iterable[Appointment]) -> set[uuid.UUID]:
    """The visits within opening hours for their reason, as the hours are now."""
    current = Agenda.objects.select_related("practice").get(pk=agenda.pk)
    openings = list(Opening.objects.filter(agenda=agenda).prefetch_related("visit_reasons"))
    serves = {row.pk: {reason.pk for reason in row.visit_reasons.all()} for row in openings}
    zone = current.practice.zone
    found = set()
    for row in rows:
        day = row.starts_at.astimezone(zone).date()
        is_closed = is_public_holiday(day, current.practice.department)
        if is_closed and not current.open_on_holidays:
            continue
        if any(
            row.visit_reason_id in serves[opening.pk]
            and occurs_on(opening, day)
            and instant(day, opening.from_time, zone) <= row.starts_at
            and row.ends_at <= instant(day, opening.until_time, zone)
            for opening in openings
        ):
            found.add(row.pk)
    return found
