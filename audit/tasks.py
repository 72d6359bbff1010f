from typing import Any

from celery import shared_task
from django.utils import timezone

from audit.incidents import notices
from audit.record import partitions


@shared_task(name="audit.create_record_partitions")
def create_record_partitions(**_newer_arguments: Any) -> None:
    partitions.create_partitions(on=timezone.now().date())


@shared_task(name="audit.send_notices")
def send_notices(**_newer_arguments: Any) -> None:
    notices.send_due(now=timezone.now())
