"""The software's own identifiers of appointments, besides our ids (FHIR's
Appointment.identifier).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.refusal import Refusal
from booking.models import Appointment
from partners.models import Credential, OwnIdentifier

Identifier = tuple[str, str]


class UsedForAnother(Refusal):
    """The identifier already belongs to another appointment."""

    text = _("Cet identifiant désigne déjà un autre rendez-vous.")
    code = "identifier_used"


@transaction.atomic
def keep(
    *,
    credential: Credential,
    appointment: Appointment,
    identifiers: Iterable[Identifier],
    now: datetime,
) -> None:
    """Store the software's identifiers of an appointment, in the transaction of the write.

    Raises UsedForAnother.
    """
    rows = [
        OwnIdentifier(
            credential=credential, system=system, value=value, appointment=appointment,
            created_at=now,
        )
        for system, value in identifiers
    ]  # fmt: skip
    # A row that is there stays; two at once wait for each other at the unique index.
    OwnIdentifier.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rows:
        kept = OwnIdentifier.objects.get(credential=credential, system=row.system, value=row.value)
        if kept.appointment_id != appointment.pk:
            raise UsedForAnother


def named(credential: Credential, token: str) -> QuerySet[OwnIdentifier]:
    """The rows that match a FHIR token: `system|value`, `|value` (no system) or `value` (any).

    https://hl7.org/fhir/R4/search.html#token
    """
    wanted = Q()
    for part in token.split(","):
        system, bar, value = part.rpartition("|")
        one = Q(value=value)
        if bar:
            one &= Q(system=system)
        wanted |= one
    return OwnIdentifier.objects.filter(wanted, credential=credential)
