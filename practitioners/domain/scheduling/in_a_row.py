"""Consecutive slots for a family: one for each person, one right after another."""

from datetime import datetime, timedelta

from practitioners.domain.scheduling.availability import Slot, free_slots, row_from
from practitioners.models import VisitReason


def slots_in_a_row(
    *, visit_reason: VisitReason, starts_at: datetime, count: int, now: datetime, holder: str = ""
) -> list[Slot]:
    """Return the `count` consecutive free slots from `starts_at`; empty if one of them is not free.

    Only slots that are offered to patients count; the holds of the key `holder` count as free.
    """
    # In one day there is room for a row of the longest slots.
    until = starts_at + (timedelta(days=1) if count > 1 else timedelta(microseconds=1))
    slots = free_slots(
        visit_reason=visit_reason, since=starts_at, until=until, now=now, holder=holder
    )
    at = {(slot.starts_at, slot.ends_at - slot.starts_at): slot for slot in slots}
    gap = timedelta(minutes=visit_reason.buffer_before_minutes + visit_reason.buffer_after_minutes)
    for slot in slots:
        row = row_from(slot, at, count, gap=gap) if slot.starts_at == starts_at else []
        if len(row) == count:
            return row
    return []
