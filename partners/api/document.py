"""How the routes describe themselves in the OpenAPI document."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from partners.api import serializers

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "maxLength": 255, "minLength": 1},
    OpenApiParameter.HEADER,
    description="Send the same key with a repetition: it is carried out once. Kept for 24 hours.",
)  # fmt: skip
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="The ETag that you got when you read the resource.",
)  # fmt: skip
WHY = {
    400: "The request cannot be used as it is; `errors` names each field.",
    401: "The access token, or its proof, was not accepted.",
    403: "The scope is not granted, or not to this token.",
    404: "There is nothing here that is granted to you.",
    406: "Only application/json is spoken here.",
    409: "It cannot be done as things stand; `type` says why.",
    412: "The resource has changed since you read it.",
    415: "Only application/json is read here.",
    422: "The Idempotency-Key belongs to another request.",
    428: "If-Match is missing.",
    429: "Too many requests; Retry-After says how long to wait.",
    503: "A part of the service does not answer.",
}


def describe(
    summary: str,
    *,
    answer: Any,
    tag: str,
    body: Any = None,
    status: int = 200,
    parameters: Sequence[OpenApiParameter] = (),
    refuses: Iterable[int] = (),
    matches: bool = False,
    repeatable: bool = True,
) -> Callable[[Any], Any]:
    """Describe one method of a route: what it takes, answers and refuses."""

    def decorate(method: Any) -> Any:
        writes = method.__name__ != "get"
        headers = [IF_MATCH] if matches else []
        if writes and repeatable:
            headers.append(IDEMPOTENCY)
        wrong = {400, 401, 403, 404, 406, 429, 503} | set(refuses)
        wrong |= {412, 428} if matches else set()
        wrong |= {415, 422} if writes else set()
        responses: dict[Any, Any] = {
            (code, "application/problem+json"): OpenApiResponse(serializers.ProblemOut, WHY[code])
            for code in sorted(wrong)
        }
        responses[status if answer is None else (status, "application/json")] = OpenApiResponse(
            answer, summary
        )
        named = {p.name for p in parameters if p.location == OpenApiParameter.QUERY}
        method.query_names = frozenset(named)
        return extend_schema(
            operation_id=summary.lower().replace(" ", "-"),
            summary=summary, tags=[tag], request=body, responses=responses,
            parameters=[*parameters, *headers],
        )(method)  # fmt: skip

    return decorate


def close_bodies(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Say of every body that it has no other fields, as `serializers.Body` holds."""
    for name, schema in result["components"]["schemas"].items():
        if issubclass(getattr(serializers, name, object), serializers.Body):
            schema["additionalProperties"] = False
    one_of = [{"required": ["patient"]}, {"required": ["new_patient"]}]
    result["components"]["schemas"]["AppointmentIn"]["oneOf"] = one_of
    return result
