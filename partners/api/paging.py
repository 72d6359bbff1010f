"""Lists in pages: each says where the next one is."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

PAGE_SIZE, MOST_ROWS = 100, 500
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE_SIZE},
    description="How many at once.",
)


def read_limit(request: Request) -> int:
    """How many rows a request asks for; raises ValidationError."""
    text = request.query_params.get("limit", str(PAGE_SIZE))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_ROWS))
    if not (is_number and 1 <= int(text) <= MOST_ROWS):
        raise ValidationError({"limit": f"must be a number from 1 to {MOST_ROWS}"})
    return int(text)


CURSOR = OpenApiParameter(
    "cursor", OpenApiTypes.STR, description="As `next` of the last page says; never made up."
)


class Page(CursorPagination):
    """Rows in the order of their start."""

    ordering = ("starts_at", "pk")

    def get_page_size(self, request: Request) -> int:
        return read_limit(request)
