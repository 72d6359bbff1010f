import uuid
from typing import Any

from celery import shared_task
from django.utils import timezone

from booking.accounts.addresses import address_checks
from booking.accounts.factors import factor_reset
from booking.accounts.sessions import sign_ins
from booking.outbox import sending
from booking.oversight import canaries
from booking.takeover import patient_import
from booking.waiting import offering


@shared_task(name="booking.send_owed_messages")
def send_owed_messages(**_newer_arguments: Any) -> None:
    sending.send_owed(now=timezone.now())


@shared_task(name="booking.plant_canaries")
def plant_canaries(**_newer_arguments: Any) -> None:
    canaries.plant_due(now=timezone.now())


@shared_task(name="booking.offer_free_slots")
def offer_free_slots(**_newer_arguments: Any) -> None:
    offering.offer_everywhere(now=timezone.now())


@shared_task(name="booking.import_patients")
def import_patients(import_id: str, **_newer_arguments: Any) -> None:
    patient_import.run(uuid.UUID(import_id), now=timezone.now())


@shared_task(name="booking.go_on_with_imports")
def go_on_with_imports(**_newer_arguments: Any) -> None:
    patient_import.run_all(now=timezone.now())


@shared_task(name="booking.forget_address_checks")
def forget_address_checks(**_newer_arguments: Any) -> None:
    address_checks.forget_old(now=timezone.now())


@shared_task(name="booking.forget_ended_sessions")
def forget_ended_sessions(**_newer_arguments: Any) -> None:
    sign_ins.forget_ended(now=timezone.now())


@shared_task(name="booking.reset_factors")
def reset_factors(**_newer_arguments: Any) -> None:
    factor_reset.carry_out_due(now=timezone.now())
