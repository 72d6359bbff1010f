"""Who one appointment is for: the one way in which a partner learns an identity."""

import uuid
from collections.abc import Collection
from datetime import datetime

from audit.record.entries import Actor, ActorKind, Channel
from audit.vault.reveal import Purpose, reveal
from audit.watch import budget
from booking.models import Appointment
from partners.domain import reveal_budget
from partners.models import Credential, Grant

OF_PATIENT = ("first_name", "last_name", "sex", "birth_date", "phone", "email")
OF_APPOINTMENT = ("note",)
FIELDS = (*OF_PATIENT, *OF_APPOINTMENT)
# Software of a practice treats and receives patients; other reasons are not its own.
PURPOSES = (Purpose.CARE, Purpose.BOOKING)


class FieldsNotGranted(Exception):
    """The practice has not granted these fields."""

    def __init__(self, fields: Collection[str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = sorted(fields)


def reveal_identity(
    *,
    credential: Credential,
    grant: Grant,
    appointment: Appointment,
    fields: Collection[str],
    purpose: Purpose,
    now: datetime,
) -> dict[str, str]:
    """Open some fields of one appointment's patient, after the record says so.

    The entry names the credential, the practice, the appointment and the purpose. A field that
    is empty or was erased comes out as "". Raises FieldsNotGranted, budget.BudgetSpent, and
    redis.RedisError when nobody can count, before anything opens.
    """
    refused = set(fields) - set(grant.fields)
    if refused:
        raise FieldsNotGranted(refused)
    budget.spend(
        holder=grant.pk, subject=appointment.patient_id,
        limits=reveal_budget.limits_of(grant, now=now), now=now,
    )  # fmt: skip
    rows = {name: appointment if name in OF_APPOINTMENT else appointment.patient for name in fields}
    actor = credential_actor(credential, practice_id=appointment.practice_id)
    wanted = [(row, [name]) for name, row in rows.items()]
    with reveal(wanted, actor=actor, purpose=purpose, object_id=appointment.pk) as plain:
        return {name: plain.text(row, name) for name, row in rows.items()}


def credential_actor(credential: Credential, *, practice_id: uuid.UUID) -> Actor:
    """A credential that acts for a practice through the API."""
    return Actor(
        kind=ActorKind.CREDENTIAL,
        channel=Channel.API,
        id=credential.pk,
        practice_id=practice_id,
        credential_id=credential.pk,
    )
