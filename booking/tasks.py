from typing import Any

from celery import shared_task
from django.utils import timezone

from booking.domain import canaries, delivery, waiting


@shared_task(name="booking.send_owed_messages")
def send_owed_messages(**_newer_arguments: Any) -> None:
    delivery.send_owed(now=timezone.now())


@shared_task(name="booking.plant_canaries")
def plant_canaries(**_newer_arguments: Any) -> None:
    canaries.plant_due(now=timezone.now())


@shared_task(name="booking.offer_free_slots")
def offer_free_slots(**_newer_arguments: Any) -> None:
    waiting.offer_everywhere(now=timezone.now())
