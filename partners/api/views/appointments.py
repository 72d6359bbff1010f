"""Holds and appointments. Only `Reveal` returns an identity, one per request."""

import uuid
from typing import Any

import orjson
import redis
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.vault.guard import NotOpened
from audit.vault.reveal import Purpose
from booking.appointments import change, marking
from booking.appointments.queries import changes
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.patients.patients import Identity
from partners.api import problems, resources, serializers
from partners.api.document import describe
from partners.api.paging import CURSOR, LIMIT, Page, read_limit
from partners.api.scoped import ScopedView, check_match, shown
from partners.api.window import WINDOW, read_window
from partners.domain import bookings, identities, scopes
from partners.queries import (
    grant_of,
    granted_appointments,
    granted_patients,
    granted_reasons,
)
from practitioners.domain.scheduling.reservations import holds
from practitioners.models import Taken, VisitReason


class Holds(ScopedView):
    """Hold a slot for a few minutes while the patient decides."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Hold a slot", answer=serializers.HoldOut, tag="appointments", body=serializers.HoldIn,
        status=201, refuses={409},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = serializers.HoldIn(data=request.data)
        given.is_valid(raise_exception=True)
        reason = reason_of(self, given.validated_data["visit_reason"])
        hold_id, until = bookings.keep_slot(
            credential=self.credential, visit_reason=reason,
            starts_at=given.validated_data["starts_at"], now=timezone.now(),
        )  # fmt: skip
        data = {"id": hold_id, "visit_reason": reason.pk, "expires_at": until}
        return Response(data, status=status.HTTP_201_CREATED)


class OneHold(ScopedView):
    """A hold that this credential created."""

    scopes = {"get": scopes.APPOINTMENTS_WRITE, "delete": scopes.APPOINTMENTS_WRITE}

    @describe("A hold", answer=serializers.HoldOut, tag="appointments")
    def get(self, request: Request, hold_id: uuid.UUID) -> Response:
        return Response(resources.hold(self._row(hold_id)))

    @describe(
        "Release a hold", operation="let-a-slot-go", answer=None, tag="appointments", status=204
    )
    def delete(self, request: Request, hold_id: uuid.UUID) -> Response:
        holds.release(self._row(hold_id).pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _row(self, hold_id: uuid.UUID) -> Taken:
        try:
            return bookings.find_hold(
                credential=self.credential, hold_id=hold_id, now=timezone.now()
            )
        except bookings.HoldGone as gone:
            raise NotFound from gone


def reason_of(view: ScopedView, reason_id: uuid.UUID) -> VisitReason:
    """The granted visit reason of a request body; raises ValidationError."""
    found = granted_reasons(view.credential, scope=view.required_scope)
    reason = found.filter(pk=reason_id).first()
    if reason is None:
        raise ValidationError({"visit_reason": "Unknown, or not covered by your grants."})
    return reason


class BookingView(ScopedView):
    """A route that books or moves an appointment and returns it."""

    def booked(self, row: Appointment, **kwargs: Any) -> Response:
        """The appointment with its ETag, and the warnings, which the ETag does not cover."""
        data = resources.appointment(row)
        found = bookings.in_the_way(credential=self.credential, appointment=row)
        answer = shown(data, **kwargs)
        answer.data = data | {"warnings": [resources.warning(each) for each in found]}
        return answer


class Appointments(BookingView):
    """The appointments of the granted agendas, without identities."""

    scopes = {"get": scopes.APPOINTMENTS_READ, "post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Appointments", answer=serializers.AppointmentsOut, tag="appointments",
        parameters=[*WINDOW, LIMIT, CURSOR],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        since, until = read_window(request, timezone.now())
        found = granted_appointments(self.credential, scope=self.required_scope)
        pages = Page()
        page = pages.paginate_queryset(
            found.filter(starts_at__gte=since, starts_at__lt=until), request, view=self
        )
        rows = [resources.appointment(row) for row in page or ()]
        return Response({"appointments": rows, "next": pages.get_next_link()})

    @describe(
        "Book an appointment", answer=serializers.BookedOut, tag="appointments",
        body=serializers.AppointmentIn, status=201, refuses={409},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = serializers.AppointmentIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        reason = reason_of(self, wanted["visit_reason"])
        now = timezone.now()
        held = (
            bookings.find_hold(credential=self.credential, hold_id=wanted["hold"], now=now)
            if "hold" in wanted
            else None
        )
        appointment = bookings.book_for_software(
            credential=self.credential,
            visit_reason=reason,
            starts_at=wanted["starts_at"],
            patient=self._patient(wanted, reason),
            actor=self.actor(reason.agenda.practice_id),
            now=now,
            hold=held,
            note=wanted.get("note", ""),
            anywhere=wanted["outside_openings"],
        )
        return self.booked(appointment, status=status.HTTP_201_CREATED)

    def _patient(self, wanted: dict[str, Any], reason: VisitReason) -> Patient | Identity:
        if "patient" not in wanted:
            return serializers.identity_of(wanted["new_patient"])
        grant = grant_of(self.credential, agenda_id=reason.agenda_id, scope=self.required_scope)
        found = granted_patients(grant).filter(pk=wanted["patient"]).first() if grant else None
        if found is None:
            raise ValidationError({"patient": "Unknown, or not covered by your grants."})
        return found


class OneAppointment(ScopedView):
    """One appointment, without identities."""

    scopes = {"get": scopes.APPOINTMENTS_READ}

    @describe("An appointment", answer=serializers.AppointmentOut, tag="appointments")
    def get(self, request: Request, appointment_id: uuid.UUID) -> Response:
        return shown(resources.appointment(appointment_of(self, appointment_id)))


def appointment_of(
    view: ScopedView, appointment_id: uuid.UUID, *, lock: bool = False
) -> Appointment:
    """A granted appointment; raises NotFound."""
    found = granted_appointments(view.credential, scope=view.required_scope)
    if lock:
        found = found.select_for_update(no_key=True, of=("self",))
    row = found.select_related("patient", "visit_reason").filter(pk=appointment_id).first()
    if row is None:
        raise NotFound
    return row


class Move(BookingView):
    """Move an appointment; it keeps its id, its reference and its history."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Move an appointment", answer=serializers.BookedOut, tag="appointments",
        body=serializers.MoveIn, refuses={409}, matches=True,
    )  # fmt: skip
    def post(self, request: Request, appointment_id: uuid.UUID) -> Response:
        row = appointment_of(self, appointment_id, lock=True)
        check_match(request, resources.appointment(row))
        given = serializers.MoveIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        reason = reason_of(self, wanted["visit_reason"]) if "visit_reason" in wanted else None
        if reason is not None and reason.agenda.practice_id != row.practice_id:
            raise ValidationError({"visit_reason": "must be a visit reason of the same practice"})
        moved = change.move(
            appointment=row,
            starts_at=wanted["starts_at"],
            visit_reason=reason,
            by=By(actor=self.actor(row.practice_id), channel=Channel.PARTNER),
            conditions=Conditions(anywhere=wanted["outside_openings"]),
            now=timezone.now(),
        )
        return self.booked(moved)


class Cancel(ScopedView):
    """Cancel an appointment: its time is free immediately, and the patient is notified."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Cancel an appointment", answer=serializers.AppointmentOut, tag="appointments",
        body=serializers.Empty, refuses={409}, matches=True,
    )  # fmt: skip
    def post(self, request: Request, appointment_id: uuid.UUID) -> Response:
        row = appointment_of(self, appointment_id, lock=True)
        check_match(request, resources.appointment(row))
        serializers.Empty(data=request.data or {}).is_valid(raise_exception=True)
        cancelled = change.cancel(
            appointment=row,
            by=By(actor=self.actor(row.practice_id), channel=Channel.PARTNER),
            now=timezone.now(),
        )
        return shown(resources.appointment(cancelled))


class Mark(ScopedView):
    """Mark that a patient has arrived, was seen, or did not come."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @describe(
        "Mark an appointment", answer=serializers.AppointmentOut, tag="appointments",
        body=serializers.StatusIn, refuses={409}, matches=True,
    )  # fmt: skip
    def post(self, request: Request, appointment_id: uuid.UUID) -> Response:
        row = appointment_of(self, appointment_id, lock=True)
        check_match(request, resources.appointment(row))
        given = serializers.StatusIn(data=request.data)
        given.is_valid(raise_exception=True)
        marked = marking.mark(
            appointment=row, status=Status(given.validated_data["status"]),
            actor=self.actor(row.practice_id), now=timezone.now(),
        )  # fmt: skip
        return shown(resources.appointment(marked))


class Changes(ScopedView):
    """The changes since a cursor, to follow an agenda."""

    scopes = {"get": scopes.APPOINTMENTS_READ}
    enters_walls = False

    @describe(
        "Changes since a cursor", answer=serializers.ChangesOut, tag="appointments",
        parameters=[LIMIT, OpenApiParameter(
            "cursor", OpenApiTypes.STR,
            description="The `next` of your last response; default: from the beginning. Any other"
            " value is refused with 400 `cursor-invalid`.",
        )],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        text = request.query_params.get("cursor")
        place = changes.Place() if text is None else changes.Place.read(text)
        if place is None:
            raise problems.BadCursor
        found, next_place, more = changes.changes_as_json(
            ask=self.ask, place=place, limit=read_limit(request)
        )
        return Response({"changes": orjson.Fragment(found), "next": str(next_place), "more": more})


class Reveal(ScopedView):
    """The identity of an appointment's patient, for a purpose; recorded before it is sent."""

    scopes = {"post": scopes.PATIENTS_REVEAL}
    remembers_writes = False

    @describe(
        "Reveal an identity", answer=serializers.IdentityOut, tag="identities",
        body=serializers.RevealRequest, repeatable=False,
    )  # fmt: skip
    def post(self, request: Request, appointment_id: uuid.UUID) -> Response:
        given = serializers.RevealRequest(data=request.data)
        given.is_valid(raise_exception=True)
        appointment = appointment_of(self, appointment_id)
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
                fields=sorted(set(given.validated_data["fields"])),
                purpose=Purpose(given.validated_data["purpose"]),
                origin=self.origin(),
                now=timezone.now(),
            )
        except NotOpened as refused:
            # An answer and not an exception: what the watch has made of it must be committed.
            return self.handle_exception(problems.of_refusal(refused.decision))
        except redis.RedisError as error:
            raise problems.Unavailable from error
        return Response(
            {"appointment": appointment.pk, "patient": appointment.patient_id, **identity},
            headers={"Cache-Control": "no-store"},
        )
