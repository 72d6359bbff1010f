"""The partner API: agendas and free slots. It carries no identity."""

import uuid
from datetime import datetime, timedelta
from typing import cast

from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from partners.api.permissions import HasScope
from partners.models import Credential
from partners.queries import granted_agendas
from practitioners.domain import availability
from practitioners.domain.wall_clock import read_instant
from practitioners.models import VisitReason

MOST_DAYS = 60


class ScopedView(APIView):
    """A route that declares the scope it needs; without one it answers nobody."""

    permission_classes = [HasScope]
    required_scope = ""

    @property
    def credential(self) -> Credential:
        return cast(Credential, self.request.user)


class Agendas(ScopedView):
    """GET /agendas: the agendas that practices have granted, with their visit reasons."""

    required_scope = "agendas:read"

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

    required_scope = "slots:read"

    def get(self, request: Request, reason_id: uuid.UUID) -> Response:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        reason = VisitReason.objects.filter(pk=reason_id, agenda__in=agendas, active=True).first()
        if reason is None:
            raise NotFound
        now = timezone.now()
        since = _instant(request, "since", now)
        until = _instant(request, "until", since + timedelta(days=7))
        if not since < until <= since + timedelta(days=MOST_DAYS):
            raise ValidationError({"until": f"must be after since, by {MOST_DAYS} days at most"})
        slots = availability.free_slots(visit_reason=reason, since=since, until=until, now=now)
        return Response(
            {
                "slots": [
                    {"starts_at": s.starts_at, "ends_at": s.ends_at, "places": s.places}
                    for s in slots
                ]
            }
        )


def _instant(request: Request, name: str, default: datetime) -> datetime:
    text = request.query_params.get(name)
    if not text:
        return default
    at = read_instant(text)
    if at is None:
        raise ValidationError({name: "must be an RFC 3339 date and time with its offset"})
    return at
