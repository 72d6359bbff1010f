"""The free times nearest to one that cannot be had."""

from datetime import datetime, timedelta

from practitioners.domain.scheduling.availability import Slot, free_slots
from practitioners.domain.scheduling.rules.notice import end_of_horizon
from practitioners.models import VisitReason

NEAREST = 6
# Within so many days before and after it; farther only where none of these has any.
NEAR = timedelta(days=30)


def nearest_slots(
    *, visit_reason: VisitReason, starts_at: datetime, now: datetime, count: int = 1, holder: str
) -> list[Slot]:
    """Return the NEAREST free slots around a time, in their order; of two as near, the sooner.

    Wherever they are if none is near. `count`: how many people come in a row from each on. The
    holds of the key `holder` count as free. A time that is over or beyond the horizon has its
    neighbours at that end. Empty where nothing is free online.
    """
    horizon = end_of_horizon(visit_reason, now=now)
    around = min(max(starts_at, now), horizon)
    for since, until in ((max(now, around - NEAR), min(horizon, around + NEAR)), (now, horizon)):
        found = free_slots(
            visit_reason=visit_reason,
            since=since,
            until=until,
            now=now,
            consecutive=count,
            holder=holder,
        )
        free = {slot.starts_at: slot for slot in found if slot.places}
        if free:
            by_distance = sorted(free, key=lambda at: (abs(at - around), at))
            return [free[at] for at in sorted(by_distance[:NEAREST])]
    return []
