"""Opening where a message about a patient goes, and by which ways it can."""

import uuid

from django.conf import settings

from audit.record.entries import system_actor
from audit.vault.reveal import Purpose, reveal
from booking.models import Patient
from booking.models.message import MessageChannel
from booking.outbox.greeting import addressed


def channels_of(patient: Patient, *, by_sms: bool) -> list[MessageChannel]:
    """How a patient can be reached, e-mail first."""
    channels = []
    if patient.account_id or patient.email is not None:
        channels.append(MessageChannel.EMAIL)
    if by_sms and patient.phone is not None:
        channels.append(MessageChannel.SMS)
    return channels


def language_of(patient: Patient) -> str:
    """The language of messages about a patient."""
    return patient.account.language if patient.account else settings.LANGUAGE_CODE


def opened(
    patient: Patient, *, by_sms: bool, object_id: uuid.UUID
) -> tuple[str, str, dict[str, object]]:
    """Open where a message about a patient goes; return it, its language and whom it names.

    A text names nobody, so that no name is opened for it.
    """
    account = patient.account
    whom = addressed(patient)
    named = [] if by_sms else whom.people
    holder, field = (patient, "phone") if by_sms else (account or patient, "email")
    wanted = [*((row, ("first_name",)) for row in named), (holder, (field,))]
    with reveal(
        wanted, actor=system_actor(), purpose=Purpose.MESSAGE, object_id=object_id
    ) as plain:
        names = [plain.text(row, "first_name") for row in named]
        to = plain.text(holder, field)
    return to, language_of(patient), whom.words(names)
