"""Errors of the API as problem details (RFC 9457), each saying what to do."""

from typing import Any

from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from booking.appointments.book import NotForThisPatient, OutsideOpening, SlotTaken
from booking.appointments.change import NotActive, NotBegun, NotItsDay
from partners.domain.bookings import HoldGone, TooManyHolds
from practitioners.domain.scheduling.hours.openings import ImportedAbsence, OverlapsOpening
from practitioners.domain.scheduling.reservations.take import (
    NothingFollows,
    OutOfService,
    ResourceTaken,
)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    "invalid": "The request cannot be used as it is",
    "parse_error": "The body is not JSON",
    "not_authenticated": "Send an access token",
    "authentication_failed": "The access token was not accepted",
    "suspended": "The credential is suspended",
    "permission_denied": "This is not granted to you",
    "not_found": "There is nothing here that is granted to you",
    "method_not_allowed": "Use another method",
    "unsupported_media_type": "Send application/json",
    "not_acceptable": "Accept application/json",
    "throttled": "Too many requests",
    "budget_spent": "Too many identities",
    "unavailable": "Try again in a moment",
    "idempotency_key_invalid": "The Idempotency-Key cannot be used",
    "idempotency_key_reused": "The Idempotency-Key belongs to another request",
    "if_match_required": "Say which version you are changing",
    "version_changed": "The resource has changed since you read it",
    "slot_taken": "The slot is taken",
    "outside_openings": "The agenda offers no such slot",
    "not_begun": "The visit has not begun",
    "not_active": "The appointment can no longer be changed",
    "hold_gone": "The hold has expired",
    "too_many_holds": "You hold too many slots of this agenda",
    "imported_absence": "The absence is not kept by hand",
    "overlaps_opening": "The opening overlaps another one",
    "cursor_invalid": "The cursor is not one of ours",
}


class Unavailable(APIException):
    """What counts requests does not answer: nothing passes uncounted."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "A part of the service does not answer. Try again in a few seconds."


class BudgetIsSpent(Throttled):
    """As many people's identities were opened as the practice's agenda gives reason for."""

    default_code = "budget_spent"
    default_detail = "As many identities are open as the practice's agenda gives reason for."


class StoppedNow(APIException):
    """The credential behaved unlike its own past, and is suspended until people have looked."""

    status_code = 403
    default_code = "suspended"
    default_detail = (
        "This looked unlike what the software does. The practices and our staff know of it;"
        " write to us if it was you."
    )


class BadKey(APIException):
    """draft-ietf-httpapi-idempotency-key-header section 2.7."""

    status_code = 400
    default_code = "idempotency_key_invalid"
    default_detail = "An Idempotency-Key has 255 characters at most."


class NotRepeatable(APIException):
    """An identity is never kept to be said again."""

    status_code = 400
    default_code = "idempotency_key_invalid"
    default_detail = "This route takes no Idempotency-Key: each reveal is on the record by itself."


class KeyUsed(APIException):
    """The same draft, section 2.7."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "Send another key with another request."


class MatchNeeded(APIException):
    """RFC 6585 section 3."""

    status_code = 428
    default_code = "if_match_required"
    default_detail = "Send If-Match with the ETag that you got when you read the resource."


class NotTheVersion(APIException):
    """RFC 9110 section 13.1.1."""

    status_code = 412
    default_code = "version_changed"
    default_detail = "Read the resource again, and decide again."


class BadCursor(APIException):
    """Not a cursor, or of another form."""

    status_code = 400
    default_code = "cursor_invalid"
    default_detail = "Send `next` of your last answer as it was, or no cursor to begin anew."


# What the domain refuses: status, code and what to do about it.
REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    SlotTaken: (409, "slot_taken", "Somebody else has it. Ask for the slots again."),
    ResourceTaken: (
        409, "slot_taken", "A room or a device that it needs is in use. Ask for the slots again."
    ),
    OutOfService: (
        409, "slot_taken",
        "A room or a device that it needs is out of service. Ask for the slots of other reasons.",
    ),
    NothingFollows: (
        409, "slot_taken", "The visit that follows has no place then. Ask for the slots again."
    ),
    OutsideOpening: (
        409, "outside_openings",
        "Ask for the slots again, or send outside_openings if the practice wants it so.",
    ),
    NotForThisPatient: (409, "permission_denied", "The visit reason is closed to this patient."),
    NotItsDay: (409, "not_begun", "Nobody arrives for a visit before its day."),
    NotBegun: (
        409, "not_begun", "Nobody is seen in a visit, or absent from it, that has not begun."
    ),
    NotActive: (409, "not_active", "It is over or cancelled. Book a new one."),
    HoldGone: (409, "hold_gone", "Hold the slot again, or book without a hold."),
    TooManyHolds: (409, "too_many_holds", "Let go of some, or wait until they expire."),
    ImportedAbsence: (
        409, "imported_absence", "It follows an external calendar: change it there."
    ),
    OverlapsOpening: (409, "overlaps_opening", "The practitioner is one person: change the times."),
}  # fmt: skip


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into a problem; None for what is a defect of ours."""
    refusal = REFUSALS.get(type(exc))
    if refusal is not None:
        status, code, detail = refusal
        refused = APIException(detail, code=code)
        refused.status_code = status
        exc = refused
    response = exception_handler(exc, context)
    if response is None:
        return None
    response.data = _problem(exc, response)
    response.content_type = MEDIA_TYPE
    return response


def _problem(exc: Exception, response: Response) -> dict[str, Any]:
    code = _code_of(exc)
    problem: dict[str, Any] = {
        "type": f"urn:doctolib:problem:{code.replace('_', '-')}",
        "title": TITLES.get(code, "The request was refused"),
        "status": response.status_code,
    }
    if isinstance(exc, ValidationError):
        problem["detail"] = "Correct the fields that `errors` names, and send it again."
        problem["errors"] = _errors(response.data)
    else:
        problem["detail"] = str(response.data.get("detail", problem["title"]))
    return problem


def _code_of(exc: Exception) -> str:
    """DRF's code of an exception; a denial and a 404 of Django have none of their own."""
    if isinstance(exc, ValidationError):
        return "invalid"
    if isinstance(exc, APIException):
        codes = exc.get_codes()
        return codes if isinstance(codes, str) else exc.default_code
    return "not_found" if type(exc).__name__ == "Http404" else "permission_denied"


def _errors(data: Any, path: str = "") -> list[dict[str, str]]:
    """Every message with the place that it is about, as a JSON pointer (RFC 6901)."""
    if isinstance(data, dict):
        nested = [
            _errors(value, path if key == "non_field_errors" else f"{path}/{key}")
            for key, value in data.items()
        ]
        return [error for errors in nested for error in errors]
    if isinstance(data, list):
        return [error for value in data for error in _errors(value, path)]
    return [{"pointer": path, "detail": str(data)}]
