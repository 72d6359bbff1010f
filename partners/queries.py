"""What a credential may reach: only ever asked through here."""

import uuid
from collections.abc import Iterable

from django.db.models import QuerySet

from booking.models import Appointment
from partners.models import Credential, Grant
from practitioners.models import Agenda


def granted_agendas(credential: Credential, *, scope: str) -> QuerySet[Agenda]:
    """Return the agendas that unrevoked grants with this scope give to a credential."""
    grants = credential.grants.filter(revoked_at__isnull=True, scopes__contains=[scope])
    return (
        Agenda.objects.filter(grant__in=grants)
        .select_related("practice", "practitioner")
        .distinct()
        .order_by("pk")
    )


def granted_appointments(credential: Credential, *, scope: str) -> QuerySet[Appointment]:
    """Return the appointments of these agendas: the grants are the scope."""
    return Appointment.unscoped.filter(agenda__in=granted_agendas(credential, scope=scope))


def grant_of(credential: Credential, *, agenda_id: uuid.UUID, scope: str) -> Grant | None:
    """Return the unrevoked grant that gives a credential this scope on an agenda, if one does."""
    return credential.grants.filter(
        revoked_at__isnull=True, scopes__contains=[scope], agendas=agenda_id
    ).first()


def names_of_credentials(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of the partners behind these credentials."""
    found = Credential.objects.filter(pk__in=list(ids)).values_list("pk", "partner__name")
    return dict(found)
