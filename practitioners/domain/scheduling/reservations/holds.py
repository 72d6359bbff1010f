"""Holds: time that a booking session keeps for a while, and letting go of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.scheduling.reservations import pieces
from practitioners.models import ResourceUse, Taken, VisitReason


def keep_hold(*, hold_id: uuid.UUID, key: str, now: datetime, has_uses: bool) -> Taken | None:
    """Turn an unexpired hold of this session into a permanent reservation, or return None.

    `has_uses`: its visit reason needs resources, which the hold claimed as well.
    """
    row = (
        Taken.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=hold_id, hold_key=key, hold_until__gt=now)
        .first()
    )
    if row is None:
        return None
    row.hold_until, row.hold_key = None, ""
    row.save(update_fields=["hold_until", "hold_key"])
    if has_uses:
        ResourceUse.objects.filter(taken=row).update(hold_until=None)
    return row


@dataclass(frozen=True, kw_only=True)
class Held:
    """A slot that a session holds."""

    id: uuid.UUID
    starts_at: datetime
    until: datetime


def held_by(*, key: str, visit_reason: VisitReason, now: datetime) -> list[Held]:
    """The slots that a session holds for a visit reason, soonest first."""
    rows = Taken.objects.filter(hold_key=key, hold_until__gt=now, visit_reason=visit_reason)
    return [
        Held(
            id=row.pk,
            starts_at=slot_of(row, visit_reason)[0],
            until=cast(datetime, row.hold_until),
        )
        for row in (rows.order_by("period", "pk") if key else ())
    ]


def right_after(row: Taken, visit_reason: VisitReason) -> datetime:
    """Where the slot right after one starts: past the buffers of both."""
    before = slot_of(row, visit_reason)[0] - row.period.lower
    return cast(datetime, row.period.upper + before)


def slot_of(row: Taken, visit_reason: VisitReason) -> pieces.Period:
    """The slot of a reservation: its period less the visit reason's buffers, which a session
    does not have.
    """
    if not row.is_own_time:
        return row.period.lower, row.period.upper
    return (
        row.period.lower + timedelta(minutes=visit_reason.buffer_before_minutes),
        row.period.upper - timedelta(minutes=visit_reason.buffer_after_minutes),
    )


def release(taken_id: uuid.UUID) -> None:
    """Delete a reservation."""
    Taken.objects.filter(pk=taken_id).delete()


def release_holds(*, key: str) -> None:
    """Delete all holds of a key."""
    Taken.objects.filter(hold_key=key, hold_until__isnull=False).delete()


def let_go(taken_id: uuid.UUID, *, key: str, until: datetime) -> None:
    """Release a reservation later: until then it is a hold, which its key can keep."""
    Taken.objects.filter(pk=taken_id).update(hold_until=until, hold_key=key)
    ResourceUse.objects.filter(taken_id=taken_id).update(hold_until=until)


def find_hold(*, key: str, now: datetime) -> uuid.UUID | None:
    """The unexpired hold of a key."""
    return (
        Taken.objects.filter(hold_key=key, hold_until__gt=now).values_list("pk", flat=True).first()
    )


def drop_expired_holds(*, now: datetime) -> int:
    """Delete the holds that have expired, and return how many there were."""
    expired = Taken.objects.filter(hold_until__lte=now)
    agenda_ids = set(expired.values_list("agenda_id", flat=True))
    count, _by_model = expired.delete()
    for agenda_id in agenda_ids:
        mark_stale(agenda_id)
    return count
