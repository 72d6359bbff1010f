"""Offering what has come free to those who wait for it, in their order.

A slot that fits is kept for whoever has waited longest, for as long as `wishes.kept_until` says;
whoever does not answer loses it to the next one. After MOST_OFFERS it is left to everybody. Nobody
is woken: nothing is offered at night (`quiet_hours`), the practice's or the patient's, and no offer
ends at night. So that two never think that they have it, one slot is offered to one patient at a
time, and the hold that keeps it is like any other: PostgreSQL decides (docs/subsystems/booking.md).
"""

import logging
import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch

from audit.record import entries
from audit.record.entries import system_actor
from booking import actions
from booking.appointments.former_time import may_be_taken_back
from booking.appointments.may_book import restriction_of
from booking.models import Offer, Wait
from booking.models.waiting import OfferState
from booking.outbox.quiet_hours import is_quiet
from booking.waiting.offer_letter import owe_offer
from booking.waiting.waiting import LIST_AT_MOST, close
from booking.waiting.wishes import (
    bounds,
    can_come,
    fits,
    free_in,
    kept_until,
    last_day_of,
    may_be_earlier,
    zone_of,
)
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.reservations import take
from practitioners.domain.scheduling.reservations.take import Hold
from practitioners.domain.scheduling.rules.notice import bookable_until
from practitioners.models import Agenda

logger = logging.getLogger(__name__)

# A slot that so many have let pass is left to everybody.
MOST_OFFERS = 5


def offer_everywhere(*, now: datetime) -> int:
    """Offer what has become free in any agenda that somebody waits for; returns how many."""
    waiting = Wait.unscoped.filter(ended_at__isnull=True).values_list("agenda", flat=True)
    made = 0
    for agenda_id in waiting.order_by("agenda").distinct():
        try:
            made += offer_free(agenda_id=agenda_id, now=now)
        except Exception:  # one agenda must not hold up the others
            logger.exception("waiting list stuck", extra={"agenda_id": str(agenda_id)})
    return made


@transaction.atomic
def offer_free(*, agenda_id: uuid.UUID, now: datetime) -> int:
    """Offer the free slots of an agenda to its waiting list, one each, in order of joining.

    Returns how many offers are made. Rounds of one agenda follow one another.
    """
    if not Wait.unscoped.filter(agenda=agenda_id, ended_at__isnull=True).exists():
        return 0
    agenda = (
        Agenda.objects.select_for_update(no_key=True, of=("self",))
        .select_related("practice", "practitioner")
        .get(pk=agenda_id)
    )
    _expire(agenda, now=now)
    waits = _waiting(agenda, now=now)
    waits = [wait for wait in waits if not is_quiet(now, zone_of(wait))]
    is_night = is_quiet(now, agenda.practice.zone)
    if not (waits and agenda.waiting_list and agenda.active) or is_night:
        return 0
    reasons = list({wait.visit_reason_id: wait.visit_reason for wait in waits}.values())
    take.queue_for(*reasons)
    since, until = bounds(waits, agenda.practice, now=now)
    made, free = 0, free_in(reasons, since=since, until=until, now=now)
    for wait in waits:
        if wait.appointment is None and restriction_of(
            wait.visit_reason, wait.patient_id, says_known=wait.says_known, now=now
        ):
            continue
        passed = {*wait.known, *(offer.starts_at for offer in wait.offers.all())}
        for slot in free[wait.visit_reason_id]:
            if slot.starts_at not in passed and fits(wait, slot) and _offer(wait, slot, now=now):
                made += 1
                # What is kept is not free for anybody else.
                free = free_in(reasons, since=since, until=until, now=now)
                break
    return made


def _offer(wait: Wait, slot: Slot, *, now: datetime) -> bool:
    """Keep a slot for a patient and owe the news; False if it cannot be had any more."""
    expires_at = kept_until(wait, slot.starts_at, now=now)
    if expires_at > bookable_until(wait.visit_reason, starts_at=slot.starts_at):
        return False
    before = Offer.unscoped.filter(agenda=wait.agenda, starts_at=slot.starts_at)
    if before.count() >= MOST_OFFERS:
        return False
    offer = Offer(
        wait=wait, agenda=wait.agenda, starts_at=slot.starts_at, ends_at=slot.ends_at,
        made_at=now, expires_at=expires_at,
    )  # fmt: skip
    # Of a visit that comes earlier, the one that follows comes along when it is moved.
    holds = take.hold_both if wait.appointment is None else take.take
    try:
        with transaction.atomic():
            offer.hold_id, _ends_at = holds(
                visit_reason=wait.visit_reason, starts_at=slot.starts_at, now=now,
                hold=Hold(until=expires_at, key=offer.hold_key),
            )  # fmt: skip
    except (take.SlotTaken, take.OutsideOpening):
        return False
    offer.save(force_insert=True)
    entries.write(
        actions.SLOT_OFFERED, actor=system_actor(), subjects=[wait.patient_id],
        practice_id=wait.practice_id, object_id=wait.pk, at=now,
        details={"starts_at": slot.starts_at.isoformat()},
    )  # fmt: skip
    owe_offer(offer=offer, now=now)
    return True


def _expire(agenda: Agenda, *, now: datetime) -> None:
    """End what nobody has answered; one that is being answered now is left alone."""
    over = Offer.unscoped.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(
        agenda=agenda, state=OfferState.OPEN, expires_at__lte=now
    )
    for offer in over:
        close(offer, OfferState.EXPIRED, now=now)


def _waiting(agenda: Agenda, *, now: datetime) -> list[Wait]:
    """Who may be offered something, in order; who waits for nothing any more is let go."""
    rows = (
        Wait.unscoped.filter(agenda=agenda, ended_at__isnull=True)
        .select_related(
            "visit_reason",
            "patient__account",
            "appointment__visit_reason",
            "appointment__agenda",
            "practice",
        )
        .prefetch_related(Prefetch("offers", queryset=Offer.unscoped.all()))
        .order_by("created_at", "pk")[:LIST_AT_MOST]
    )
    found = []
    for wait in rows:
        wait.agenda = wait.visit_reason.agenda = agenda
        if _is_over(wait, now=now):
            if wait.appointment is not None and may_be_taken_back(wait.appointment, now=now):
                # Changed a moment ago: where that is taken back, so is the place on the list.
                continue
            Wait.unscoped.filter(pk=wait.pk).update(ended_at=now)
            for offer in wait.offers.all():
                if offer.state == OfferState.OPEN:
                    close(offer, OfferState.EXPIRED, now=now)
        elif all(offer.state != OfferState.OPEN for offer in wait.offers.all()):
            found.append(wait)
    return found


def _is_over(wait: Wait, *, now: datetime) -> bool:
    """Whether nothing can come any more that would be offered to somebody on the list."""
    if wait.appointment is not None and not may_be_earlier(wait.appointment, now=now):
        return True
    local = now.astimezone(wait.practice.zone)
    return not can_come(
        wait.first_day, last_day_of(wait), wait.weekdays, wait.part_of_day, now=local
    )
