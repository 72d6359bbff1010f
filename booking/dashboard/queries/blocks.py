"""What stands in a column of the agenda."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from booking.appointments.queries.appointments import Shown
from practitioners.models import VisitReason

AwayFor = tuple[uuid.UUID, datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Something in a column: which rows it spans, counted in steps of five minutes."""

    kind: str
    row: int
    span: int
    shown: Shown | None = None
    starts_at: datetime | None = None
    label: str = ""
    # What free time is cut for.
    reason: VisitReason | None = None
    # Of an absence, which agenda is away from when until when.
    away_for: AwayFor | None = None
    # Where the words of an absence are seen; no row where something else says them.
    words_row: int | None = None
    words_span: int = 0
    # The absences whose words are said here, since they are seen nowhere else.
    during: "tuple[Block, ...]" = ()

    @property
    def is_extra(self) -> bool:
        """Whether it was booked on top of time that was taken."""
        taken = self.shown.appointment.taken if self.shown else None
        return taken is not None and taken.is_own_time and taken.seat != 0
