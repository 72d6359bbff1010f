"""Time that an appointment has given back, and who is asked to offer it on.

The waiting list lies above appointments: it registers how it offers what has come free.
"""

import uuid
from datetime import datetime
from typing import Protocol

from django.db import transaction


class OfferFree(Protocol):
    """Offers what is free in an agenda; returns to how many."""

    def __call__(self, *, agenda_id: uuid.UUID, now: datetime) -> int: ...


_OFFER: list[OfferFree] = []


def register_offering(offer: OfferFree) -> None:
    """Say how free time is offered on; once, when the apps are loaded."""
    _OFFER[:] = [offer]


def offer_soon(agenda_id: uuid.UUID, *, now: datetime) -> None:
    """Once this transaction is committed, offer what has come free in an agenda.

    The minute's round (booking/tasks.py) finds whatever a process that dies here leaves out.
    """
    for offer in _OFFER:

        def offering(offer: OfferFree = offer) -> None:
            offer(agenda_id=agenda_id, now=now)

        transaction.on_commit(offering, robust=True)
