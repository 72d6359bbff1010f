"""How the routes describe themselves in the OpenAPI document."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from partners.api import serializers

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "maxLength": 255, "minLength": 1},
    OpenApiParameter.HEADER,
    description="Repeat a request with the same key, and it is carried out only once. A key is kept"
    " for 24 hours.",
)  # fmt: skip
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="The ETag from your last read of the resource.",
)  # fmt: skip
WHY = {
    400: "The request is invalid; `errors` lists each field.",
    401: "The access token or its DPoP proof was not accepted.",
    403: "No practice grants the scope, or the token does not include it.",
    404: "Unknown, or not covered by your grants.",
    406: "Responses are application/json only.",
    409: "The current state does not allow the request; `type` gives the reason.",
    412: "The resource has changed since you read it.",
    415: "Request bodies must be application/json.",
    422: "The Idempotency-Key was already used for a different request.",
    428: "The If-Match header is missing.",
    429: "Too many requests; wait for the time given in Retry-After.",
    503: "Part of the service is temporarily unavailable.",
}


def describe(
    summary: str,
    *,
    answer: Any,
    tag: str,
    body: Any = None,
    status: int = 200,
    operation: str = "",
    parameters: Sequence[OpenApiParameter] = (),
    refuses: Iterable[int] = (),
    matches: bool = False,
    repeatable: bool = True,
) -> Callable[[Any], Any]:
    """Describe one method of a route: its parameters, responses and errors.

    The operation id comes from the summary unless `operation` gives it: clients are generated
    with it, so it stays the same when the summary is reworded.
    """

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
            operation_id=operation or summary.lower().replace(" ", "-"),
            summary=summary, tags=[tag], request=body, responses=responses,
            parameters=[*parameters, *headers],
        )(method)  # fmt: skip

    return decorate


def close_bodies(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """State for every request body that other fields are refused, as `serializers.Body` does."""
    for name, schema in result["components"]["schemas"].items():
        if issubclass(getattr(serializers, name, object), serializers.Body):
            schema["additionalProperties"] = False
    one_of = [{"required": ["patient"]}, {"required": ["new_patient"]}]
    result["components"]["schemas"]["AppointmentIn"]["oneOf"] = one_of
    return result
