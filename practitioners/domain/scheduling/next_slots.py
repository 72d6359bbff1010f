"""The stored next slot of each visit reason, updated after writes, so that search need not
compute it.
"""

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import redis
from django.db.models import Q

from audit.redis_client import redis_client
from practitioners.domain.live import hint_channel
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.hours.never_free import without_slots
from practitioners.domain.scheduling.rules.notice import bookable_until
from practitioners.models import NextSlot, VisitReason

logger = logging.getLogger(__name__)

STALE_SET = "doctolib:stale-agendas"
LOOK_AHEAD_DAYS = 60
REFRESH_EVERY = timedelta(hours=6)
BATCH = 100


def mark_stale(agenda_id: uuid.UUID) -> None:
    """Request that an agenda's next slots be computed again soon, and notify open pages.

    If this request is lost, the stored slot is only older: it is checked where it is shown,
    computed again at least every REFRESH_EVERY, and computed if missing.
    """
    try:
        pipeline = redis_client().pipeline(transaction=False)
        pipeline.sadd(STALE_SET, str(agenda_id))
        pipeline.publish(hint_channel(agenda_id), b"")
        pipeline.execute()
    except redis.RedisError:
        logger.warning("could not note a stale agenda")


def take_stale(count: int = BATCH) -> list[uuid.UUID]:
    """Remove and return up to `count` agendas that were marked stale."""
    client = redis_client()
    members = cast("list[bytes]", client.spop(STALE_SET, count) or [])
    return [uuid.UUID(member.decode()) for member in members]


def refresh(*, agenda_ids: Iterable[uuid.UUID], now: datetime) -> int:
    """Compute the next slot of every active visit reason of these agendas; return how many."""
    reasons = list(
        VisitReason.objects.filter(
            agenda_id__in=list(agenda_ids), active=True, agenda__active=True
        ).select_related("agenda")
    )
    slots = availability.first_slots(visit_reasons=reasons, now=now, days=LOOK_AHEAD_DAYS)
    never = without_slots([reason for reason in reasons if slots[reason.pk] is None], now=now)
    rows = [
        NextSlot(
            visit_reason=reason,
            agenda_id=reason.agenda_id,
            starts_at=slot.starts_at if (slot := slots[reason.pk]) else None,
            bookable_until=bookable_until(reason, starts_at=slot.starts_at) if slot else None,
            computed_at=now,
            never=reason.pk in never,
        )
        for reason in sorted(reasons, key=lambda reason: reason.pk)
    ]
    NextSlot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["visit_reason"],
        update_fields=["starts_at", "bookable_until", "computed_at", "never"],
    )
    NextSlot.objects.filter(agenda_id__in=list(agenda_ids)).exclude(
        visit_reason_id__in=[reason.pk for reason in reasons]
    ).delete()
    return len(rows)


def refresh_stale(*, now: datetime) -> int:
    """Refresh what was marked stale, what has passed, and what is old; return how many agendas."""
    agenda_ids = set(take_stale())
    overdue = NextSlot.objects.filter(
        Q(bookable_until__lt=now) | Q(computed_at__lt=now - REFRESH_EVERY)
    ).order_by("computed_at")
    agenda_ids.update(overdue.values_list("agenda_id", flat=True)[:BATCH])
    missing = VisitReason.objects.filter(active=True, agenda__active=True, next_slot__isnull=True)
    agenda_ids.update(missing.order_by().values_list("agenda_id", flat=True)[:BATCH])
    refresh(agenda_ids=agenda_ids, now=now)
    return len(agenda_ids)
