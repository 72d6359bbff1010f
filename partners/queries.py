"""What a credential may reach: only ever asked through here."""

from django.db.models import QuerySet

from partners.models import Credential
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
