"""The stretch of time that a request asks about."""

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
        "since", OpenApiTypes.DATETIME, description="RFC 3339, with its offset. Now, if not given."
    ),
    OpenApiParameter(
        "until",
        OpenApiTypes.DATETIME,
        description=f"Exclusive; {DAYS} days after since if not given, {MOST_DAYS} at most.",
    ),
]


def read_window(request: Request, now: datetime) -> tuple[datetime, datetime]:
    """Return [since, until) as a request asks for it; raises ValidationError."""
    since = _instant(request, "since", now)
    until = _instant(request, "until", since + timedelta(days=DAYS))
    if not since < until <= since + timedelta(days=MOST_DAYS):
        raise ValidationError({"until": f"must be after since, by {MOST_DAYS} days at most"})
    return since, until


def _instant(request: Request, name: str, default: datetime) -> datetime:
    text = request.query_params.get(name)
    if text is None:
        return default
    at = read_instant(text)
    if at is None:
        raise ValidationError({name: "must be an RFC 3339 date and time with its offset"})
    return at
