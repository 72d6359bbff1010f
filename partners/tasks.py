from typing import Any

from celery import shared_task
from django.utils import timezone

from partners.domain import imports, once, tokens, used_once, webhooks


@shared_task(name="partners.drop_expired_tokens")
def drop_expired_tokens(**_newer_arguments: Any) -> None:
    tokens.drop_expired(now=timezone.now())
    once.drop_old(now=timezone.now())
    used_once.drop_old(now=timezone.now())


@shared_task(name="partners.tell_webhooks")
def tell_webhooks(**_newer_arguments: Any) -> None:
    webhooks.collect(now=timezone.now())
    webhooks.send_due(now=timezone.now())


@shared_task(name="partners.drop_old_deliveries")
def drop_old_deliveries(**_newer_arguments: Any) -> None:
    webhooks.drop_old(now=timezone.now())


@shared_task(name="partners.read_calendars")
def read_calendars(**_newer_arguments: Any) -> None:
    imports.read_due(now=timezone.now())
