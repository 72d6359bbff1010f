"""Pages of lists: each response gives the address of the next one."""

from base64 import b64decode
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from partners.api.problems import BadCursor

PAGE_SIZE, MOST_ROWS = 100, 500
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": PAGE_SIZE},
    description="The maximum number of entries per page.",
)


def read_limit(request: Request) -> int:
    """The page size that a request asks for; raises ValidationError."""
    text = request.query_params.get("limit", str(PAGE_SIZE))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_ROWS))
    if not (is_number and 1 <= int(text) <= MOST_ROWS):
        raise ValidationError({"limit": f"must be a number from 1 to {MOST_ROWS}"})
    return int(text)


CURSOR = OpenApiParameter(
    "cursor", OpenApiTypes.STR,
    description="The cursor contained in `next` of the last page. Any other value is refused with"
    " 400 `cursor-invalid`.",
)  # fmt: skip


class Page(CursorPagination):
    """Rows in the order of their start."""

    ordering = ("starts_at", "pk")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the rows of the page that is asked for; raises BadCursor."""
        try:
            self._check(queryset, request)
        except (NotFound, Invalid, OverflowError, ValueError):
            raise BadCursor from None
        rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        return rows

    def _check(self, queryset: QuerySet[Any], request: Request) -> None:
        """Check that the cursor decodes, and that its position has the type of the ordering."""
        text = request.query_params.get(self.cursor_query_param)
        if text is not None and not b64decode(text, validate=True):
            raise BadCursor
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            name = str(self.ordering[0])
            meta = queryset.model._meta
            field = meta.pk if name == "pk" else meta.get_field(name)
            if field.to_python(cursor.position) is None:
                raise BadCursor

    def get_page_size(self, request: Request) -> int:
        return read_limit(request)
