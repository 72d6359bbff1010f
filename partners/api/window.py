"""The period that a request asks for."""

from datetime import datetime, timedelta

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from practitioners.domain.scheduling.wall_clock import read_instant

MOST_DAYS = 60
DAYS = 7
WINDOW = [
    OpenApiParameter(
        "since", OpenApiTypes.DATETIME, description="RFC 3339 with an offset; default: now."
    ),
    OpenApiParameter(
        "until",
        OpenApiTypes.DATETIME,
        description=f"Exclusive; default: {DAYS} days after since; at most {MOST_DAYS} days.",
    ),
]


def read_window(request: Request, now: datetime) -> tuple[datetime, datetime]:
    """Return the period [since, until) of a request; raises ValidationError."""
    since = _instant(request, "since", now)
    until = _instant(request, "until", since + timedelta(days=DAYS))
    if not since < until <= since + timedelta(days=MOST_DAYS):
        raise ValidationError(
            {"until": f"must be after since, and at most {MOST_DAYS} days after it"}
        )
    return since, until


def _instant(request: Request, name: str, default: datetime) -> datetime:
    text = request.query_params.get(name)
    if text is None:
        return default
    at = read_instant(text)
    if at is None:
        raise ValidationError({name: "must be an RFC 3339 date and time with an offset"})
    return at
