"""The waiting list as pages show it."""

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Offer, Wait
from booking.models.waiting import OfferState
from booking.patients.patients import NAME_FIELDS


@dataclass(frozen=True, kw_only=True)
class ShownWait:
    """Somebody on the list, with the name that the reader may see."""

    wait: Wait
    name: str
    offer: Offer | None


def on_the_list() -> QuerySet[Wait]:
    """Who waits in the active scope, in order, with what is offered to them."""
    opened = Offer.unscoped.filter(state=OfferState.OPEN)
    found: QuerySet[Wait] = (
        Wait.objects.filter(ended_at__isnull=True)
        .select_related(
            "visit_reason", "agenda__practitioner", "practice", "patient", "appointment"
        )
        .prefetch_related(Prefetch("offers", queryset=opened))
        .order_by("created_at", "pk")
    )
    return found


def show(waits: list[Wait], *, actor: Actor, purpose: Purpose) -> list[ShownWait]:
    """Reveal the names of some who wait: one block, one entry."""
    with reveal([(w.patient, NAME_FIELDS) for w in waits], actor=actor, purpose=purpose) as plain:
        return [
            ShownWait(
                wait=wait,
                name=plain.joined(wait.patient, NAME_FIELDS),
                offer=next(iter(wait.offers.all()), None),
            )
            for wait in waits
        ]
