"""Time that an appointment has released, and offering it to others.

The waiting list lies above appointments: it registers how it offers free time.
"""

import uuid
from datetime import datetime
from functools import partial
from typing import Protocol

from django.db import transaction


class OfferFree(Protocol):
    """Offers free time of an agenda; returns the number of offers."""

    def __call__(self, *, agenda_id: uuid.UUID, now: datetime) -> int: ...


_OFFER: list[OfferFree] = []


def register_offering(offer: OfferFree) -> None:
    """Register how free time is offered; once, when the apps are loaded."""
    _OFFER.append(offer)


def offer_soon(agenda_id: uuid.UUID, *, now: datetime) -> None:
    """Offer the free time of an agenda after this transaction is committed.

    If the process dies before that, the round of every minute (booking/tasks.py) does it.
    """
    transaction.on_commit(partial(_OFFER[-1], agenda_id=agenda_id, now=now), robust=True)
