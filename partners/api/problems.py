"""Errors of the API as problem details (RFC 9457); each detail says how to proceed."""

from typing import Any

from django.utils.translation import override
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from audit.refusal import Refusal
from audit.vault.guard import Answer, Decision
from booking.appointments.book import NotForThisPatient, OutsideOpening, SlotTaken
from booking.appointments.change import NotActive, NotBegun, NotItsDay
from partners.domain.bookings import HoldGone, TooManyHolds
from partners.domain.identities import NotVerified
from practitioners.domain.scheduling.hours.openings import ImportedAbsence, OverlapsOpening
from practitioners.domain.scheduling.reservations.take import (
    NothingFollows,
    OutOfService,
    ResourceTaken,
)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    "invalid": "The request is invalid",
    "parse_error": "The body is not valid JSON",
    "not_authenticated": "An access token is required",
    "authentication_failed": "The access token was not accepted",
    "suspended": "The credential is suspended",
    "permission_denied": "Not covered by your grants",
    "not_found": "Unknown, or not covered by your grants",
    "method_not_allowed": "Method not allowed",
    "unsupported_media_type": "The body must be application/json",
    "not_acceptable": "Only application/json is available",
    "throttled": "Too many requests",
    "budget_spent": "The identity budget is used up",
    "unavailable": "Temporarily unavailable",
    "idempotency_key_invalid": "The Idempotency-Key is invalid",
    "idempotency_key_reused": "The Idempotency-Key was used for a different request",
    "if_match_required": "The If-Match header is required",
    "version_changed": "The resource has changed since you read it",
    "slot_taken": "The slot is no longer free",
    "outside_openings": "The time is outside the opening hours",
    "not_begun": "The visit has not started",
    "not_active": "The appointment can no longer be changed",
    "hold_gone": "The hold has expired",
    "too_many_holds": "Too many holds in this agenda",
    "imported_absence": "The absence comes from an external calendar",
    "overlaps_opening": "The opening overlaps another opening",
    "cursor_invalid": "The cursor is invalid",
    "identifier_used": "The identifier is used for another appointment",
    "link_invalid": "The link is invalid or has expired",
    "refused": "The request was refused",
}


class Unavailable(APIException):
    """Redis is unavailable, so requests cannot be counted: none is let through uncounted."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "Part of the service is unavailable. Try again in a few seconds."


class BudgetIsSpent(Throttled):
    """The grant has revealed as many identities as its identity budget allows."""

    default_code = "budget_spent"
    default_detail = "The identity budget of this grant is used up; retry after the given time."


def of_refusal(decision: Decision) -> APIException:
    """The answer to a reading that the guard refused. Software cannot be asked who it is."""
    if decision.answer is Answer.WAIT:
        return BudgetIsSpent(wait=decision.seconds)
    return StoppedNow()


class StoppedNow(APIException):
    """The watch has suspended the credential; two people must release it."""

    status_code = 403
    default_code = "suspended"
    default_detail = (
        "These requests do not resemble the past behaviour of your software, so the credential"
        " was suspended. The practices and our staff have been informed. If the requests were"
        " yours, contact us."
    )


class BadKey(APIException):
    """draft-ietf-httpapi-idempotency-key-header section 2.7."""

    status_code = 400
    default_code = "idempotency_key_invalid"
    default_detail = "An Idempotency-Key may have at most 255 characters."


class NotRepeatable(APIException):
    """The response contains an identity, which is never stored for replay."""

    status_code = 400
    default_code = "idempotency_key_invalid"
    default_detail = "This route accepts no Idempotency-Key: each reveal is recorded separately."


class KeyUsed(APIException):
    """The same draft, section 2.7."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "Use a new key for a new request."


class MatchNeeded(APIException):
    """RFC 6585 section 3."""

    status_code = 428
    default_code = "if_match_required"
    default_detail = "Send If-Match with the ETag from your last read of the resource."


class NotTheVersion(APIException):
    """RFC 9110 section 13.1.1."""

    status_code = 412
    default_code = "version_changed"
    default_detail = "Read the resource again before you change it."


class BadCursor(APIException):
    """The cursor was not issued by this route."""

    status_code = 400
    default_code = "cursor_invalid"
    default_detail = (
        "Send the unchanged `next` of the last response, or no cursor to start from the beginning."
    )


# How software is to proceed after a refusal; without an entry here, the refusal's own text is sent.
DETAILS: dict[type[Refusal], str] = {
    SlotTaken: "The slot was booked or held in the meantime. Request the slots again.",
    ResourceTaken: "A room or a device that the visit needs is in use. Request the slots again.",
    OutOfService: (
        "A room or a device that the visit needs is out of service. Request the slots of another"
        " visit reason."
    ),
    NothingFollows: (
        "There is no free slot for the follow-up visit after this one. Request the slots again."
    ),
    OutsideOpening: (
        "Request the slots again, or send `outside_openings` if the practice wants to book outside"
        " its opening hours."
    ),
    NotForThisPatient: "The visit reason cannot be booked for this patient.",
    NotItsDay: "A visit can be marked as arrived from its day on.",
    NotBegun: "A visit can be marked as seen or as a no-show only after its start.",
    NotActive: "The appointment is over or cancelled. Book a new one.",
    HoldGone: "Hold the slot again, or book without a hold.",
    TooManyHolds: "Release some of them, or wait until they expire.",
    ImportedAbsence: "Change the event in the external calendar.",
    OverlapsOpening: "Choose times at which the practitioner has no other opening.",
    NotVerified: (
        "The platform's team has not verified your vendor, so it cannot reveal identities."
    ),
}


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into a problem; None for an unexpected exception."""
    if isinstance(exc, Refusal):
        refused = APIException(_detail(exc), code=exc.code)
        refused.status_code = exc.status
        exc = refused
    response = exception_handler(exc, context)
    if response is None:
        return None
    response.data = _problem(exc, response)
    response.content_type = MEDIA_TYPE
    return response


def _detail(refusal: Refusal) -> str:
    """What to do about a refusal, by its nearest kind in the table."""
    for kind in type(refusal).__mro__:
        if kind in DETAILS:
            return DETAILS[kind]
    with override("en"):
        return str(refusal.text)


def _problem(exc: Exception, response: Response) -> dict[str, Any]:
    code = _code_of(exc)
    problem: dict[str, Any] = {
        "type": f"urn:doctolib:problem:{code.replace('_', '-')}",
        "title": TITLES.get(code, TITLES["refused"]),
        "status": response.status_code,
    }
    if isinstance(exc, ValidationError):
        problem["detail"] = "Correct the fields listed in `errors` and send the request again."
        problem["errors"] = _errors(response.data)
    else:
        problem["detail"] = str(response.data.get("detail", problem["title"]))
    return problem


def _code_of(exc: Exception) -> str:
    """The code that REST framework gives an exception; Django's own denial and 404 have none."""
    if isinstance(exc, ValidationError):
        return "invalid"
    if isinstance(exc, APIException):
        codes = exc.get_codes()
        return codes if isinstance(codes, str) else exc.default_code
    return "not_found" if type(exc).__name__ == "Http404" else "permission_denied"


def _errors(data: Any, path: str = "") -> list[dict[str, str]]:
    """Every message with a JSON pointer (RFC 6901) to its field."""
    if isinstance(data, dict):
        nested = [
            _errors(value, path if key == "non_field_errors" else f"{path}/{key}")
            for key, value in data.items()
        ]
        return [error for errors in nested for error in errors]
    if isinstance(data, list):
        return [error for value in data for error in _errors(value, path)]
    return [{"pointer": path, "detail": str(data)}]
