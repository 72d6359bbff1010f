"""Revealing the patient of one appointment: the only way for partner software to get an
identity.
"""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.record.entries import Actor, ActorKind, Channel, Origin
from audit.refusal import Refusal
from audit.vault.reveal import Purpose, reveal
from booking.models import Appointment
from partners.domain.walls import above_walls
from partners.domain.watching import OfAppointment
from partners.models import Credential, Grant, PartnerMember
from practitioners.models import Agenda

OF_PATIENT = ("first_name", "last_name", "sex", "birth_date", "phone", "email")
OF_APPOINTMENT = ("note",)
FIELDS = (*OF_PATIENT, *OF_APPOINTMENT)
# Software of a practice treats and receives patients; other reasons are not its own.
PURPOSES = (Purpose.CARE, Purpose.BOOKING)


class FieldsNotGranted(Refusal):
    """The practice has not granted these fields."""

    code, status = "permission_denied", 403

    def __init__(self, fields: Collection[str]) -> None:
        said = _("Le cabinet ne vous accorde pas : {fields}.")
        super().__init__(format_lazy(said, fields=", ".join(sorted(fields))))


class NotVerified(Refusal):
    """The team has not verified the vendor, so its software cannot reveal identities."""

    text = _(
        "L’éditeur de ce logiciel n’est pas encore vérifié par notre équipe : le logiciel ne peut"
        " pas ouvrir l’identité de patients."
    )
    code, status = "permission_denied", 403


def may_open_identities(*, credential: Credential, practice_id: uuid.UUID) -> bool:
    """Whether a credential may be granted, and may use, a scope that reveals identities.

    The team must have verified the vendor; in a trial practice, whose patients are invented, the
    practice's own vendor may as well.
    """
    if credential.partner.verified_at is not None:
        return True
    return not Agenda.objects.filter(practice=practice_id, listed=True).exists() and (
        PartnerMember.objects.filter(
            partner=credential.partner_id, account__memberships__practice=practice_id
        ).exists()
    )


def reveal_identity(
    *,
    credential: Credential,
    grant: Grant,
    appointment: Appointment,
    fields: Collection[str],
    purpose: Purpose,
    origin: Origin,
    now: datetime,
) -> dict[str, str]:
    """Reveal some fields of one appointment's patient, after the entry is written.

    The entry names the credential, the practice, the appointment, the purpose, and the network, key
    and token of the request. A field that is empty or was erased is returned as "". Before anything
    is revealed it raises NotVerified, FieldsNotGranted, redis.RedisError if reveals cannot be
    counted, and guard.NotOpened: then the caller's transaction must commit.
    """
    with above_walls():
        if not may_open_identities(credential=credential, practice_id=appointment.practice_id):
            raise NotVerified
    refused = set(fields) - set(grant.fields)
    if refused:
        raise FieldsNotGranted(refused)
    rows = {name: appointment if name in OF_APPOINTMENT else appointment.patient for name in fields}
    actor = credential_actor(credential, practice_id=appointment.practice_id, origin=origin)
    wanted = [(row, [name]) for name, row in rows.items()]
    asked = OfAppointment(
        credential=credential, grant=grant, appointment=appointment, fields=fields
    )
    with reveal(
        wanted, actor=actor, purpose=purpose, object_id=appointment.pk, about=asked, at=now
    ) as plain:
        return {name: plain.text(row, name) for name, row in rows.items()}


def credential_actor(
    credential: Credential, *, practice_id: uuid.UUID, origin: Origin | None = None
) -> Actor:
    """A credential that acts for a practice through the API."""
    return Actor(
        kind=ActorKind.CREDENTIAL,
        channel=Channel.API,
        id=credential.pk,
        practice_id=practice_id,
        credential_id=credential.pk,
        origin=origin,
    )
