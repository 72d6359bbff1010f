"""The base of every FHIR route: media type, errors and search results."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError as NotValid
from rest_framework import status
from rest_framework.exceptions import APIException, NotAcceptable, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from partners.api import problems
from partners.api.parsing import FastJSONParser
from partners.api.problems import problem_handler
from partners.api.rendering import FastJSONRenderer
from partners.api.scoped import ScopedView

MEDIA_TYPE = "application/fhir+json"
# https://hl7.org/fhir/R4/valueset-issue-type.html
ISSUES = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported",
    406: "not-supported", 409: "conflict", 412: "conflict", 415: "not-supported",
    422: "business-rule", 428: "required", 429: "throttled", 503: "transient",
}  # fmt: skip


class FHIRRenderer(FastJSONRenderer):
    """JSON only: a request for XML is answered with 406."""

    media_type = MEDIA_TYPE


class FHIRParser(FastJSONParser):
    """Request bodies in FHIR's JSON."""

    media_type = MEDIA_TYPE


class NotDone(APIException):
    """The request is valid FHIR but asks for something that this server does not support."""

    status_code = 422
    default_code = "not_done"


class SeveralMatch(APIException):
    """https://hl7.org/fhir/R4/http.html#cond-update"""

    status_code = 412
    default_code = "several_match"
    default_detail = "The identifier matches several appointments. Update one of them by its id."


def takes(*names: str) -> Callable[[Any], Any]:
    """Declare the query parameters of a method."""

    def decorate(method: Any) -> Any:
        method.query_names = frozenset({*names, "_format"})
        return method

    return decorate


def outcome(code: str, text: str, *, severity: str = "error", kind: str = "") -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if kind:
        issue["details"] = {"coding": [{"system": "urn:doctolib:problem", "code": kind}]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def outcome_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into an OperationOutcome with the API's problem type."""
    response = problem_handler(exc, context)
    if response is None:
        return None
    problem = response.data
    issue = ISSUES.get(response.status_code, "processing")
    kind = problem["type"].removeprefix("urn:doctolib:problem:")
    response.data = outcome(issue, problem["detail"], kind=kind)
    if problem.get("errors"):
        first = response.data["issue"][0]
        response.data["issue"] = [
            first | {"diagnostics": f"{e['pointer']} {e['detail']}".strip()}
            for e in problem["errors"]
        ]
    response.content_type = MEDIA_TYPE
    return response


class FHIRView(ScopedView):
    """A FHIR route. /metadata describes it; the OpenAPI document does not."""

    schema = None
    renderer_classes = [FHIRRenderer, FastJSONRenderer]
    parser_classes = [FHIRParser, FastJSONParser]

    def get_exception_handler(self) -> Any:
        return outcome_handler

    def problem_of(self, answer: Response) -> str:
        coding: list[dict[str, str]] = answer.data["issue"][0]["details"]["coding"]
        return coding[0]["code"]

    def _check_query(self, request: Request, handler: Any) -> None:
        wanted = request.query_params.get("_format", "json")
        if "json" not in wanted:
            raise NotAcceptable
        super()._check_query(request, handler)


def valid(data: Any, kind: str) -> dict[str, Any]:
    """A resource of this type, validated by fhir.resources; raises ValidationError.

    Null members are removed: fhir.resources accepts them as absent, and we treat them alike.
    """
    try:
        data = _without_nulls(data)
    except RecursionError as error:
        raise ValidationError({kind: "cannot be parsed"}) from error
    if not isinstance(data, dict) or data.get("resourceType") != kind:
        raise ValidationError({"resourceType": f"must be {kind}"})
    try:
        get_fhir_model_class(kind).model_validate(data)
    except NotValid as error:
        problems: dict[str, list[str]] = {}
        for one in error.errors():
            problems.setdefault(".".join(map(str, one["loc"])) or kind, []).append(one["msg"])
        raise ValidationError(problems) from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise ValidationError({kind: "cannot be parsed"}) from error
    return data


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value if each is not None]
    return value


def version_of(resource: dict[str, Any]) -> str:
    """The version id of a resource: a hash of its content."""
    shown = {name: resource[name] for name in resource if name != "meta"}
    # PostgreSQL reorders the members of a JSON object.
    text = orjson.dumps(shown, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:32]


def check_version(
    request: Request, shown: dict[str, Any], given: dict[str, Any], *, needed: bool
) -> None:
    """Refuse a change unless `If-Match`, or the body's own version, is the current version.

    Raises problems.MatchNeeded and problems.NotTheVersion.
    """
    version = (given.get("meta") or {}).get("versionId", "")
    wanted = request.headers.get("If-Match") or version
    if not wanted and needed:
        raise problems.MatchNeeded
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in wanted.split(",")}
    if wanted and "*" not in tags and version_of(shown) not in tags:
        raise problems.NotTheVersion


def versioned(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with its version."""
    return resource | {"meta": {"versionId": version_of(resource)}}


def one(
    resource: dict[str, Any], *, warnings: Iterable[dict[str, str]] = (), **kwargs: Any
) -> Response:
    """One resource, with its version as a weak ETag (https://hl7.org/fhir/R4/http.html).

    `warnings` are codings about it, as tags of this answer: no part of what is stored.
    """
    resource = versioned(resource)
    if tags := list(warnings):
        resource["meta"]["tag"] = tags
    headers = kwargs.pop("headers", {}) | {"ETag": f'W/"{resource["meta"]["versionId"]}"'}
    return Response(resource, headers=headers, **kwargs)


def created(
    request: Request, resource: dict[str, Any], *, warnings: Iterable[dict[str, str]] = ()
) -> Response:
    """The 201 response for a new resource, with its address."""
    path = f"/fhir/r4/{resource['resourceType']}/{resource['id']}"
    headers = {"Location": request.build_absolute_uri(path)}
    return one(resource, warnings=warnings, status=status.HTTP_201_CREATED, headers=headers)


def bundle(
    request: Request,
    found: list[dict[str, Any]],
    *,
    following: str | None = None,
    more: bool = False,
    warnings: Iterable[str] = (),
) -> Response:
    """A searchset, with an OperationOutcome if it is empty or incomplete.

    `warnings` are texts about its entries, each as one more OperationOutcome.
    """
    base = request.build_absolute_uri("/fhir/r4/")
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{base}{row['resourceType']}/{row['id']}",
            "resource": versioned(row),
            "search": {"mode": "match"},
        }
        for row in found
    ]
    told = None
    if not found:
        told = outcome("not-found", "Nothing matches.", severity="information")
    elif more:
        told = outcome(
            "too-costly", "Not all matches are listed: narrow the search.", severity="warning"
        )
    outcomes = [told] if told is not None else []
    outcomes += [outcome("business-rule", text, severity="warning") for text in warnings]
    entries += [{"resource": each, "search": {"mode": "outcome"}} for each in outcomes]
    links = [{"relation": "self", "url": request.build_absolute_uri()}]
    if following:
        links.append({"relation": "next", "url": following})
    data: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": links,
        "entry": entries,
    }
    if not following and not more:
        data["total"] = len(found)
    return Response(data)
