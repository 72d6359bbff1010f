"""Agendas, their free slots, their openings and absences."""

import uuid

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from booking.models import Appointment
from booking.models.appointment import Status
from partners.api import resources, serializers
from partners.api.document import describe
from partners.api.scoped import ScopedView, check_match, shown
from partners.api.window import WINDOW, read_window
from partners.domain import scopes
from partners.queries import granted_agendas, granted_reasons
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.hours import openings
from practitioners.models import Absence, Agenda, Opening, VisitReason


class Agendas(ScopedView):
    """The agendas that practices have granted to you, with their visit reasons."""

    scopes = {"get": scopes.AGENDAS_READ}

    @describe("Agendas", answer=serializers.AgendasOut, tag="agendas")
    def get(self, request: Request) -> Response:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        rows = agendas.prefetch_related("visit_reasons")
        return Response({"agendas": [resources.agenda(row) for row in rows]})


class Slots(ScopedView):
    """The free slots of a visit reason, for at most 60 days."""

    scopes = {"get": scopes.SLOTS_READ}

    @describe("Free slots", answer=serializers.SlotsOut, tag="agendas", parameters=WINDOW)
    def get(self, request: Request, reason_id: uuid.UUID) -> Response:
        found = granted_reasons(self.credential, scope=self.required_scope)
        reason = found.filter(pk=reason_id, active=True).first()
        if reason is None:
            raise NotFound
        now = timezone.now()
        since, until = read_window(request, now)
        slots = availability.free_slots(visit_reason=reason, since=since, until=until, now=now)
        return Response(
            {
                "slots": [
                    {"starts_at": s.starts_at, "ends_at": s.ends_at, "places": s.places}
                    for s in slots
                ]
            }
        )


class Openings(ScopedView):
    """The openings of an agenda: recurring times at which its visit reasons can be booked."""

    scopes = {"get": scopes.AGENDAS_READ, "post": scopes.AGENDAS_WRITE}

    @describe("Openings of an agenda", answer=serializers.OpeningsOut, tag="time")
    def get(self, request: Request, agenda_id: uuid.UUID) -> Response:
        rows = self.agenda(agenda_id).openings.prefetch_related("visit_reasons").order_by("number")
        return Response({"openings": [resources.opening(row) for row in rows]})

    @describe(
        "Add an opening", answer=serializers.OpeningOut, tag="time", body=serializers.OpeningIn,
        status=201, refuses={409},
    )  # fmt: skip
    def post(self, request: Request, agenda_id: uuid.UUID) -> Response:
        agenda = self.agenda(agenda_id)
        row = save_opening(self, request, agenda)
        return shown(resources.opening(row), status=status.HTTP_201_CREATED)


class OneOpening(ScopedView):
    """One opening. Booked appointments stay booked when it is changed or deleted."""

    scopes = {
        "get": scopes.AGENDAS_READ, "put": scopes.AGENDAS_WRITE, "delete": scopes.AGENDAS_WRITE
    }  # fmt: skip

    @describe("An opening", answer=serializers.OpeningOut, tag="time")
    def get(self, request: Request, opening_id: uuid.UUID) -> Response:
        return shown(resources.opening(self._row(opening_id)))

    @describe(
        "Change an opening", answer=serializers.OpeningOut, tag="time", body=serializers.OpeningIn,
        refuses={409}, matches=True,
    )  # fmt: skip
    def put(self, request: Request, opening_id: uuid.UUID) -> Response:
        row = self._row(opening_id, lock=True)
        check_match(request, resources.opening(row))
        saved = save_opening(self, request, row.agenda, opening=row)
        return shown(resources.opening(saved))

    @describe("Delete an opening", answer=None, tag="time", status=204, matches=True)
    def delete(self, request: Request, opening_id: uuid.UUID) -> Response:
        row = self._row(opening_id, lock=True)
        check_match(request, resources.opening(row))
        openings.delete_opening(opening=row, actor=self.actor(row.agenda.practice_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _row(self, opening_id: uuid.UUID, *, lock: bool = False) -> Opening:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        found = Opening.objects.filter(pk=opening_id, agenda__in=agendas.values("pk"))
        if lock:
            found = found.select_for_update(of=("self",))
        row = found.select_related("agenda__practice").first()
        if row is None:
            raise NotFound
        return row


def save_opening(
    view: ScopedView, request: Request, agenda: Agenda, *, opening: Opening | None = None
) -> Opening:
    """Check what was sent, and save it."""
    given = serializers.OpeningIn(data=request.data)
    given.is_valid(raise_exception=True)
    wanted = set(given.validated_data["visit_reasons"])
    reasons = list(VisitReason.objects.filter(agenda=agenda, pk__in=wanted))
    if len(reasons) != len(wanted):
        raise ValidationError({"visit_reasons": "must be visit reasons of this agenda"})
    return openings.save_opening(
        agenda=agenda,
        spec=given.spec(reasons),
        actor=view.actor(agenda.practice_id),
        opening=opening,
    )


class Absences(ScopedView):
    """The absences of an agenda: periods in which nothing can be booked."""

    scopes = {"get": scopes.AGENDAS_READ, "post": scopes.AGENDAS_WRITE}

    @describe("Absences", answer=serializers.AbsencesOut, tag="time", parameters=WINDOW)
    def get(self, request: Request, agenda_id: uuid.UUID) -> Response:
        agenda = self.agenda(agenda_id)
        since, until = read_window(request, timezone.now())
        rows = Absence.objects.filter(agenda=agenda, starts_at__lt=until, until__gt=since)
        return Response(
            {"absences": [resources.absence(row) for row in rows.order_by("starts_at", "pk")]}
        )

    @describe(
        "Add an absence", answer=serializers.MadeAbsenceOut, tag="time",
        body=serializers.AbsenceIn, status=201,
    )  # fmt: skip
    def post(self, request: Request, agenda_id: uuid.UUID) -> Response:
        agenda = self.agenda(agenda_id)
        given = serializers.AbsenceIn(data=request.data)
        given.is_valid(raise_exception=True)
        starts_at, until = given.validated_data["starts_at"], given.validated_data["until"]
        row = openings.add_absence(
            agenda=agenda, starts_at=starts_at, until=until, label="",
            actor=self.actor(agenda.practice_id),
        )  # fmt: skip
        taken = openings.touched_by_absence(
            agenda_ids=[agenda.pk], starts_at=starts_at, until=until
        )
        inside = Appointment.unscoped.filter(taken__in=taken, status=Status.BOOKED)
        data = resources.absence(row) | {
            "appointments_inside": list(inside.order_by("starts_at").values_list("pk", flat=True))
        }
        return Response(data, status=status.HTTP_201_CREATED)


class OneAbsence(ScopedView):
    """One absence."""

    scopes = {"get": scopes.AGENDAS_READ, "delete": scopes.AGENDAS_WRITE}

    @describe("An absence", answer=serializers.AbsenceOut, tag="time")
    def get(self, request: Request, absence_id: uuid.UUID) -> Response:
        return shown(resources.absence(self._row(absence_id)))

    @describe(
        "Delete an absence", operation="open-the-time-again", answer=None, tag="time", status=204
    )
    def delete(self, request: Request, absence_id: uuid.UUID) -> Response:
        row = self._row(absence_id)
        openings.remove_absence(absence=row, actor=self.actor(row.agenda.practice_id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _row(self, absence_id: uuid.UUID) -> Absence:
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        row = (
            Absence.objects.filter(pk=absence_id, agenda__in=agendas.values("pk"))
            .select_related("agenda__practice")
            .first()
        )
        if row is None:
            raise NotFound
        return row
