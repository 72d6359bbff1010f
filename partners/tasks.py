from typing import Any

from celery import shared_task
from django.utils import timezone

from partners.domain import once, tokens


@shared_task(name="partners.drop_expired_tokens")
def drop_expired_tokens(**_newer_arguments: Any) -> None:
    tokens.drop_expired(now=timezone.now())
    once.drop_old(now=timezone.now())
