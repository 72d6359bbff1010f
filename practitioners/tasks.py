from typing import Any

from celery import shared_task
from django.utils import timezone

from practitioners.domain.scheduling import next_slots
from practitioners.domain.scheduling.reservations import holds


@shared_task(name="practitioners.refresh_stale_next_slots")
def refresh_stale_next_slots(**_newer_arguments: Any) -> None:
    next_slots.refresh_stale(now=timezone.now())


@shared_task(name="practitioners.drop_expired_holds")
def drop_expired_holds(**_newer_arguments: Any) -> None:
    holds.drop_expired_holds(now=timezone.now())
