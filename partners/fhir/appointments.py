"""Appointments: read, searched, booked ($hold, $book, create) and changed by update.

After the French shared-agenda guide and Argonaut Scheduling; docs/partners/fhir.md.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.ids import read_id
from booking.appointments import change, marking
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from partners.api import resources
from partners.api.paging import Page
from partners.domain import bookings, identifiers, scopes
from partners.fhir import mapping
from partners.fhir.base import (
    FHIRView,
    NotDone,
    SeveralMatch,
    bundle,
    check_version,
    created,
    one,
    takes,
    valid,
)
from partners.fhir.patients import grant_on
from partners.fhir.search import ids, names_any, read_count, read_period, read_reference, tokens
from partners.fhir.slots import reason_and_start
from partners.models import OwnIdentifier
from partners.queries import granted_appointments, granted_patients
from practitioners.domain.scheduling.wall_clock import read_instant
from practitioners.models import Taken, VisitReason

EARLIEST, LATEST = "GAP_Appointment_earliestStart", "GAP_Appointment_latestStart"
CREATED = "GAP_Appointment_created"
ACTOR = "GAP_Appointment_Actor"
PRIORITY, DESCRIPTION = "GAP_Appointment_priority", "GAP_Appointment_description"
ACTOR_FIELDS = {
    "Patient": "patient",
    "PractitionerRole": "agenda",
    "Practitioner": "agenda__practitioner",
    "Location": "practice",
    "HealthcareService": "visit_reason",
}
MOST_IDENTIFIERS, LONGEST = 10, 200


def found_by(view: FHIRView) -> QuerySet[Appointment]:
    """The granted appointments, with the related rows that their resource shows."""
    own = OwnIdentifier.objects.filter(credential=view.credential).order_by("pk")
    return (
        granted_appointments(view.credential, scope=view.required_scope)
        .select_related("visit_reason__agenda")
        .prefetch_related(Prefetch("own_identifiers", queryset=own))
    )


class _Page(Page):
    page_size_query_param = "_count"
    cursor_query_param = "_cursor"

    def get_page_size(self, request: Request) -> int:
        return read_count(request)


class Appointments(FHIRView):
    """GET, POST and conditional PUT [base]/Appointment."""

    scopes = {
        "get": scopes.APPOINTMENTS_READ, "post": scopes.APPOINTMENTS_WRITE,
        "put": scopes.APPOINTMENTS_WRITE,
    }  # fmt: skip

    @takes(
        "date", EARLIEST, LATEST, CREATED, "actor", ACTOR, "patient", "status", "identifier",
        "service-type", PRIORITY, DESCRIPTION, "_id", "_count", "_cursor",
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        found = self._filtered(request)
        pages = _Page()
        page = pages.paginate_queryset(found, request, view=self)
        rows = [mapping.appointment(row) for row in page or ()]
        return bundle(request, rows, following=pages.get_next_link())

    def _filtered(self, request: Request) -> QuerySet[Appointment]:
        asked = request.query_params
        found = found_by(self)
        since, until = read_period(request, date="date", earliest=EARLIEST, latest=LATEST)
        made_since, made_until = read_period(request, date=CREATED, earliest="", latest="")
        bounds = {
            "starts_at__gte": since, "starts_at__lt": until, "created_at__gte": made_since,
            "created_at__lt": made_until,
        }  # fmt: skip
        found = found.filter(**{name: at for name, at in bounds.items() if at is not None})
        for name in ("actor", ACTOR, "patient"):
            if name in asked:
                fields = {"Patient": "patient"} if name == "patient" else ACTOR_FIELDS
                found = found.filter(names_any(request, name, fields))
        if "status" in asked:
            texts = {text: status for status, text in mapping.STATUSES.items()}
            known = [texts[text] for text in tokens(request, "status") if text in texts]
            found = found.filter(status__in=known)
        if "service-type" in asked:
            found = found.filter(visit_reason__in=ids(request, "service-type"))
        if "_id" in asked:
            found = found.filter(pk__in=ids(request, "_id"))
        if "identifier" in asked:
            found = found.filter(pk__in=_ids_named(self, asked["identifier"]))
        if DESCRIPTION in asked:
            found = found.filter(visit_reason__name__istartswith=asked[DESCRIPTION])
        if PRIORITY in asked:
            # Appointments here have no priority.
            found = found.none()
        return found

    @takes()
    def post(self, request: Request) -> Response:
        """Book: `proposed` and `booked` are both confirmed or refused immediately."""
        row = _book(self, valid(request.data, "Appointment"))
        return created(request, mapping.appointment(row), warnings=_warnings(self, row))

    @takes("identifier")
    def put(self, request: Request) -> Response:
        """Conditional update by identifier: update one match, create if none, 412 if several."""
        given = valid(request.data, "Appointment")
        token = request.query_params.get("identifier", "")
        if not token:
            raise ValidationError({"identifier": "is required"})
        named = _ids_named(self, token)
        if len(named) > 1:
            raise SeveralMatch
        if named:
            row = locked(self, named.pop())
            # The query identifies the appointment: a version is optional, and checked if sent.
            check_version(request, mapping.appointment(row), given, needed=False)
            return _updated(self, row, given)
        identifiers_given = _identifiers_of(given)
        system, _bar, value = token.rpartition("|")
        if (system, value) not in identifiers_given:
            raise ValidationError({"identifier": "must also be an identifier in the body"})
        row = _book(self, given)
        return created(request, mapping.appointment(row), warnings=_warnings(self, row))


def _ids_named(view: FHIRView, token: str) -> set[uuid.UUID]:
    """The ids of the appointments that a token names, by the software's identifier or our id."""
    own = identifiers.named(view.credential, token).values_list("appointment_id", flat=True)
    found = set(own)
    for part in token.split(","):
        system, bar, value = part.rpartition("|")
        pk = read_id(value.removeprefix("urn:uuid:"))
        if pk and (not bar or system == mapping.OUR_IDS):
            found.add(pk)
    granted = granted_appointments(view.credential, scope=view.required_scope)
    return set(granted.filter(pk__in=found).values_list("pk", flat=True))


class OneAppointment(FHIRView):
    """GET and PUT [base]/Appointment/ID."""

    scopes = {"get": scopes.APPOINTMENTS_READ, "put": scopes.APPOINTMENTS_WRITE}

    @takes()
    def get(self, request: Request, appointment_id: uuid.UUID) -> Response:
        row = found_by(self).filter(pk=appointment_id).first()
        if row is None:
            raise NotFound
        return one(mapping.appointment(row))

    @takes()
    def put(self, request: Request, appointment_id: uuid.UUID) -> Response:
        """Move, cancel or mark; `If-Match` or the body's `meta.versionId` is required."""
        row = locked(self, appointment_id)
        given = valid(request.data, "Appointment")
        check_version(request, mapping.appointment(row), given, needed=True)
        return _updated(self, row, given)


def locked(view: FHIRView, pk: uuid.UUID) -> Appointment:
    """A granted appointment, locked; raises NotFound."""
    row = found_by(view).select_for_update(no_key=True, of=("self",)).filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


class Hold(FHIRView):
    """POST [base]/Appointment/$hold."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @takes()
    def post(self, request: Request) -> Response:
        given = _appointment_in(valid(request.data, "Parameters"))
        reason, starts_at = _slot_of(self, given)
        hold_id, _until = bookings.keep_slot(
            credential=self.credential, visit_reason=reason, starts_at=starts_at,
            now=timezone.now(),
        )  # fmt: skip
        row = bookings.find_hold(credential=self.credential, hold_id=hold_id, now=timezone.now())
        return bundle(request, [mapping.held(row, reason, starts_at=starts_at)])


class Book(FHIRView):
    """POST [base]/Appointment/$book."""

    scopes = {"post": scopes.APPOINTMENTS_WRITE}

    @takes()
    def post(self, request: Request) -> Response:
        given = _appointment_in(valid(request.data, "Parameters"))
        row = _book(self, given)
        texts = [each["display"] for each in _warnings(self, row)]
        return bundle(request, [mapping.appointment(row)], warnings=texts)


def _warnings(view: FHIRView, row: Appointment) -> list[dict[str, str]]:
    """The warnings about a booking or a move, as codings."""
    found = bookings.in_the_way(credential=view.credential, appointment=row)
    return [
        {
            "system": mapping.WARNING_SYSTEM,
            "code": resources.WARNINGS[each.kind].replace("_", "-"),
            "display": f"{mapping.WARNING_TEXTS[each.kind]}: Appointment/{each.other.pk}",
        }
        for each in found
    ]


def _updated(view: FHIRView, row: Appointment, given: dict[str, Any]) -> Response:
    """Update an appointment, with warnings if it moved."""
    former = (row.starts_at, row.agenda_id)
    changed = _update(view, row, given)
    is_moved = (changed.starts_at, changed.agenda_id) != former
    warnings = _warnings(view, changed) if is_moved else []
    return one(mapping.appointment(changed), warnings=warnings)


def _appointment_in(parameters: dict[str, Any]) -> dict[str, Any]:
    """The Appointment that the parameters carry (`appt-resource`); raises ValidationError."""
    for each in parameters.get("parameter") or ():
        if each.get("name") in ("appt-resource", "appointment"):
            return valid(each.get("resource"), "Appointment")
    raise ValidationError({"appt-resource": "must be an Appointment"})


def _book(view: FHIRView, given: dict[str, Any]) -> Appointment:
    if mapping.READ_STATUSES.get(given["status"]) != Status.BOOKED:
        raise NotDone("The status of a new appointment must be proposed, pending or booked.")
    reason, starts_at = _slot_of(view, given)
    own = _identifiers_of(given)
    grant = grant_on(view, reason.agenda_id, where="slot")
    patient_id = _patient_of(given)
    patient = granted_patients(grant).filter(pk=patient_id).first() if patient_id else None
    if patient is None:
        raise ValidationError({"participant": "must include a Patient that your grants cover"})
    now = timezone.now()
    row = bookings.book_for_software(
        credential=view.credential,
        visit_reason=reason,
        starts_at=starts_at,
        patient=patient,
        actor=view.actor(reason.agenda.practice_id),
        now=now,
        hold=_hold_of(view, given, now=now),
    )
    return _with_identifiers(view, row, own, now=now)


def _hold_of(view: FHIRView, given: dict[str, Any], *, now: datetime) -> Taken | None:
    """The hold with the id of a pending appointment."""
    pk = read_id(str(given.get("id", "")))
    if pk is None:
        return None
    return bookings.find_hold(credential=view.credential, hold_id=pk, now=now)


def _with_identifiers(
    view: FHIRView, row: Appointment, own: set[identifiers.Identifier], *, now: datetime
) -> Appointment:
    identifiers.keep(credential=view.credential, appointment=row, identifiers=sorted(own), now=now)
    return found_by(view).get(pk=row.pk)


def _update(view: FHIRView, row: Appointment, given: dict[str, Any]) -> Appointment:
    wanted = mapping.READ_STATUSES.get(given["status"])
    if wanted is None:
        raise NotDone(f"The status {given['status']} is not supported.")
    patient_id = _patient_of(given)
    if patient_id is not None and patient_id != row.patient_id:
        raise NotDone(
            "The patient of an appointment cannot be changed: cancel it and book another."
        )
    actor = view.actor(row.practice_id)
    now = timezone.now()
    if wanted == Status.CANCELLED:
        if row.status != Status.CANCELLED:
            change.cancel(appointment=row, by=By(actor=actor, channel=Channel.PARTNER), now=now)
        return _with_identifiers(view, row, _identifiers_of(given), now=now)
    if given.get("slot") or given.get("start"):
        reason, starts_at = _slot_of(view, given, default=row.visit_reason)
        if reason.agenda.practice_id != row.practice_id:
            raise NotDone(
                "An appointment cannot move to another practice: cancel it and book another there."
            )
        if (reason.pk, starts_at) != (row.visit_reason_id, row.starts_at):
            change.move(
                appointment=row,
                starts_at=starts_at,
                visit_reason=reason,
                by=By(actor=actor, channel=Channel.PARTNER),
                now=now,
            )
    if wanted != row.status:
        marking.mark(appointment=row, status=wanted, actor=actor, now=now)
    return _with_identifiers(view, row, _identifiers_of(given), now=now)


def _slot_of(
    view: FHIRView, given: dict[str, Any], *, default: VisitReason | None = None
) -> tuple[VisitReason, datetime]:
    """The visit reason and start that an Appointment's slot names; raises ValidationError.

    A `start` that differs from the slot's is refused as a mistake.
    """
    slots = given.get("slot") or []
    start = _instant(given.get("start"))
    if not slots and default is not None and start is not None:
        return default, start
    if len(slots) != 1:
        raise ValidationError({"slot": "must reference exactly one Slot"})
    kind, _slash, ident = str(slots[0].get("reference", "")).rpartition("/")
    if kind.rpartition("/")[2] != "Slot":
        raise ValidationError({"slot": "must reference exactly one Slot"})
    reason, starts_at = reason_and_start(view, ident)
    if reason is None or starts_at is None:
        raise ValidationError({"slot": "Unknown, or not covered by your grants."})
    if start is not None and start != starts_at:
        raise ValidationError({"start": "must be the start of the slot"})
    return reason, starts_at


def _instant(text: Any) -> datetime | None:
    """An Appointment's start; None where it has none. Raises ValidationError."""
    if text is None:
        return None
    at = read_instant(text) if isinstance(text, str) else None
    if at is None:
        raise ValidationError({"start": "must be an instant with an offset"})
    return at


def _patient_of(given: dict[str, Any]) -> uuid.UUID | None:
    for each in given.get("participant") or ():
        named = read_reference((each.get("actor") or {}).get("reference"), "Patient")
        if named is not None:
            return named[1]
    return None


def _identifiers_of(given: dict[str, Any]) -> set[identifiers.Identifier]:
    """The software's own identifiers; ours is not kept twice. Raises ValidationError."""
    found = {
        (str(each.get("system", "")), str(each.get("value", "")))
        for each in given.get("identifier") or ()
        if each.get("system") != mapping.OUR_IDS
    }
    if len(found) > MOST_IDENTIFIERS or any(
        not value or len(system) > LONGEST or len(value) > LONGEST for system, value in found
    ):
        raise ValidationError(
            {"identifier": f"may have at most {MOST_IDENTIFIERS}, of {LONGEST} characters each"}
        )
    return found
