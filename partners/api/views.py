"""The partner API. Only one route carries identities: `Reveal`, one appointment at a time."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from django.utils import timezone
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.vault.reveal import Purpose
from partners.api.permissions import HasScope
from partners.api.serializers import RevealRequest
from partners.domain import identities, scopes
from partners.domain.walls import behind_walls
from partners.models import AccessToken, Credential
from partners.queries import grant_of, granted_agendas, granted_appointments
from practitioners.domain import availability
from practitioners.domain.wall_clock import read_instant
from practitioners.models import VisitReason

MOST_DAYS = 60


class ScopedView(APIView):
    """A route that declares the scope it needs; without one it answers nobody.

    Whatever the route does, it does as the partner role: PostgreSQL shows it what is granted.
    """

    permission_classes = [HasScope]
    required_scope = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        name = str(request.method).lower()
        if name in self.http_method_names and hasattr(self, name):
            setattr(self, name, partial(self._behind_walls, getattr(self, name)))

    def _behind_walls(
        self, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        with behind_walls(cast(AccessToken, request.auth)):
            return handler(request, *args, **kwargs)

    @property
    def credential(self) -> Credential:
        return cast(Credential, self.request.user)


class Agendas(ScopedView):
    """GET /agendas: the agendas that practices have granted, with their visit reasons."""

    required_scope = scopes.AGENDAS_READ

    def get(self, request: Request) -> Response:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        return Response(
            {
                "agendas": [
                    {
                        "id": agenda.pk,
                        "practice": {
                            "id": agenda.practice_id,
                            "name": agenda.practice.name,
                            "time_zone": agenda.practice.time_zone,
                        },
                        "practitioner": str(agenda.practitioner),
                        "visit_reasons": [
                            {"id": r.pk, "name": r.name, "duration_minutes": r.duration_minutes}
                            for r in agenda.visit_reasons.all()
                            if r.active
                        ],
                    }
                    for agenda in agendas.prefetch_related("visit_reasons")
                ]
            }
        )


class Slots(ScopedView):
    """GET /visit-reasons/ID/slots?since=&until=: the free slots, at most 60 days."""

    required_scope = scopes.SLOTS_READ

    def get(self, request: Request, reason_id: uuid.UUID) -> Response:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        reason = VisitReason.objects.filter(pk=reason_id, agenda__in=agendas, active=True).first()
        if reason is None:
            raise NotFound
        now = timezone.now()
        since, until = _window(request, now)
        slots = availability.free_slots(visit_reason=reason, since=since, until=until, now=now)
        return Response(
            {
                "slots": [
                    {"starts_at": s.starts_at, "ends_at": s.ends_at, "places": s.places}
                    for s in slots
                ]
            }
        )


class Page(CursorPagination):
    """100 at a time, or `limit`, at most 500."""

    ordering = ("starts_at", "pk")
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500


class Appointments(ScopedView):
    """GET /appointments?since=&until=: what stands in the agendas, without identities."""

    required_scope = scopes.APPOINTMENTS_READ

    def get(self, request: Request) -> Response:
        since, until = _window(request, timezone.now())
        found = granted_appointments(self.credential, scope=self.required_scope)
        pages = Page()
        page = pages.paginate_queryset(
            found.filter(starts_at__gte=since, starts_at__lt=until), request, view=self
        )
        rows = [
            {
                "id": row.pk,
                "agenda": row.agenda_id,
                "visit_reason": row.visit_reason_id,
                "patient": row.patient_id,
                "starts_at": row.starts_at,
                "ends_at": row.ends_at,
                "status": row.status,
                "new_patient": row.new_patient,
            }
            for row in page or ()
        ]
        return Response({"appointments": rows, "next": pages.get_next_link()})


class Reveal(ScopedView):
    """POST /appointments/ID/reveal: who it is for, with a purpose, on the record."""

    required_scope = scopes.PATIENTS_REVEAL

    def post(self, request: Request, appointment_id: uuid.UUID) -> Response:
        given = RevealRequest(data=request.data)
        given.is_valid(raise_exception=True)
        appointment = (
            granted_appointments(self.credential, scope=self.required_scope)
            .select_related("patient")
            .filter(pk=appointment_id)
            .first()
        )
        if appointment is None:
            raise NotFound
        grant = grant_of(
            self.credential, agenda_id=appointment.agenda_id, scope=self.required_scope
        )
        if grant is None:
            raise NotFound
        try:
            identity = identities.reveal_identity(
                credential=self.credential,
                grant=grant,
                appointment=appointment,
                fields=sorted(given.validated_data["fields"]),
                purpose=Purpose(given.validated_data["purpose"]),
            )
        except identities.FieldsNotGranted as problem:
            raise PermissionDenied(f"The practice does not grant you: {problem}.") from problem
        return Response(
            {"appointment": appointment.pk, "patient": appointment.patient_id, **identity},
            headers={"Cache-Control": "no-store"},
        )


def _window(request: Request, now: datetime) -> tuple[datetime, datetime]:
    since = _instant(request, "since", now)
    until = _instant(request, "until", since + timedelta(days=7))
    if not since < until <= since + timedelta(days=MOST_DAYS):
        raise ValidationError({"until": f"must be after since, by {MOST_DAYS} days at most"})
    return since, until


def _instant(request: Request, name: str, default: datetime) -> datetime:
    text = request.query_params.get(name)
    if not text:
        return default
    at = read_instant(text)
    if at is None:
        raise ValidationError({name: "must be an RFC 3339 date and time with its offset"})
    return at
