"""What a credential may reach. All reads of granted rows go through here."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import actions
from audit.models import Entry
from booking.accounts.workplaces import Kind, Workplace
from booking.models import Account, Appointment, Patient
from partners.models import (
    CalendarFeed,
    Credential,
    Delivery,
    DeliveryState,
    Grant,
    ImportedCalendar,
    Partner,
    RegisteredPatient,
)
from practitioners.models import Agenda, Practice, VisitReason


def granted_agendas(credential: Credential, *, scope: str) -> QuerySet[Agenda]:
    """Return the agendas that current grants with this scope give to a credential."""
    grants = credential.grants.in_force(scope)
    return (
        Agenda.objects.filter(grant__in=grants)
        .select_related("practice", "practitioner")
        .distinct()
        .order_by("pk")
    )


def granted_appointments(credential: Credential, *, scope: str) -> QuerySet[Appointment]:
    """Return the appointments of these agendas: the grants are the scope."""
    return Appointment.unscoped.filter(agenda__in=granted_agendas(credential, scope=scope))


def granted_reasons(credential: Credential, *, scope: str) -> QuerySet[VisitReason]:
    """Return the visit reasons of these agendas, including those no longer offered."""
    agendas = granted_agendas(credential, scope=scope)
    return VisitReason.objects.filter(agenda__in=agendas).select_related(
        "agenda__practice", "agenda__practitioner"
    )


def granted_patients(grant: Grant) -> QuerySet[Patient]:
    """Return the patients that a grant covers: those with an appointment, and those it
    registered.
    """
    registered = RegisteredPatient.objects.filter(
        credential=grant.credential_id, practice=grant.practice_id
    )
    visits = Appointment.unscoped.filter(agenda__in=grant.agendas.all())
    return Patient.unscoped.filter(
        Q(pk__in=visits.values("patient")) | Q(pk__in=registered.values("patient"))
    )


def grant_of(credential: Credential, *, agenda_id: uuid.UUID, scope: str) -> Grant | None:
    """Return the current grant that gives a credential this scope on an agenda, if there is one."""
    return credential.grants.in_force(scope).filter(agendas=agenda_id).first()


def names_of_credentials(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of the partners behind these credentials."""
    found = Credential.objects.filter(pk__in=list(ids)).values_list("pk", "partner__name")
    return dict(found)


def grants_of_practice(practice: Practice) -> list[Grant]:
    """The current grants of a practice, newest first, with what a page shows of them."""
    return list(
        Grant.objects.in_force()
        .filter(practice=practice)
        .select_related("credential__partner")
        .prefetch_related("agendas__practitioner")
        .order_by("-created_at", "pk")
    )


def reveals_since(practice: Practice, since: datetime) -> dict[uuid.UUID, int]:
    """How many reveals each credential made at a practice, by the record."""
    found = Entry.objects.filter(
        practice_id=practice.pk,
        action=actions.REVEAL.code,
        at__gte=since,
        credential_id__isnull=False,
    )
    counted = found.order_by().values("credential_id").annotate(n=Count("id"))
    return {pk: n for pk, n in counted.values_list("credential_id", "n") if pk is not None}


def feeds_of_agendas(agendas: Iterable[Agenda]) -> list[CalendarFeed]:
    """The open calendar feeds of these agendas, newest first."""
    return list(
        CalendarFeed.objects.filter(
            agenda__in=[agenda.pk for agenda in agendas], revoked_at__isnull=True
        )
        .select_related("agenda__practitioner")
        .order_by("-created_at", "pk")
    )


def calendars_of_agendas(agendas: Iterable[Agenda]) -> list[ImportedCalendar]:
    """The imported calendars of these agendas, newest first."""
    return list(
        ImportedCalendar.objects.filter(agenda__in=[agenda.pk for agenda in agendas])
        .select_related("agenda__practitioner")
        .order_by("-created_at", "pk")
    )


def grants_of_credential(credential: Credential) -> list[Grant]:
    """The current grants of a credential, with what a vendor's page shows of them."""
    return list(
        credential.grants.in_force()
        .select_related("practice")
        .prefetch_related("agendas__practitioner")
        .order_by("practice__name", "pk")
    )


def identities_opened(credential: Credential, *, since: datetime) -> int:
    """How many identities a credential has revealed since an instant, by the record."""
    return Entry.objects.filter(
        credential_id=credential.pk, action=actions.REVEAL.code, at__gte=since
    ).count()


def deliveries_of(credential: Credential, *, limit: int = 50) -> list[Delivery]:
    """The latest deliveries to a credential's webhooks; pending and abandoned ones first."""
    return list(
        Delivery.objects.filter(webhook__credential=credential)
        .select_related("webhook")
        .annotate(is_over=Q(state=DeliveryState.DELIVERED))
        .order_by("is_over", "-created_at", "-pk")[:limit]
    )


def vendors_of(account: Account) -> list[Workplace]:
    """The vendor pages that an account can work on: its vendor's, or the list of several."""
    ids = list(
        Partner.objects.filter(members__account=account)
        .order_by("name", "pk")
        .values_list("pk", flat=True)[:2]
    )
    if not ids:
        return []
    one = reverse("partners:vendor", args=ids) if len(ids) == 1 else reverse("partners:vendors")
    return [Workplace(kind=Kind.VENDOR, name=_("Espace éditeur"), address=one)]
