"""The free slots nearest to a time that is not available."""

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
    """Return the NEAREST free slots around a time, in order of time; of two equally near, the
    sooner.

    If none is near, the next ones are returned, however far away. `count` is the number of people
    who come in a row. The holds of the key `holder` count as free. For a time in the past or beyond
    the horizon, the first or the last slots are returned. Empty if nothing is free online.
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
