"""Errors of the API as problem details (RFC 9457), each saying what to do."""

from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

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
}


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into a problem; None for what is a defect of ours."""
    response = exception_handler(exc, context)
    if response is None:
        return None
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
    response.data = problem
    response.content_type = MEDIA_TYPE
    return response


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
