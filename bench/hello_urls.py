from functools import cache
from uuid import UUID

from django.urls import include, path
from orjson import Fragment
from rest_framework.response import Response
from rest_framework.views import APIView

from booking.appointments.queries import changes
from practitioners.models import Agenda


class Hello(APIView):
    """As little as a DRF view can do."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: object) -> Response:
        return Response({"hello": "world"})


@cache
def agenda_ids() -> list[UUID]:
    return list(Agenda.objects.values_list("pk", flat=True))


class Rows(APIView):
    """As little as a DRF view can do that answers with rows: nobody is asked who they are."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: object) -> Response:
        found, _next, _more = changes.changes_as_json(
            ask=changes.asking(agenda_ids()), place=changes.Place(), limit=100
        )
        return Response({"changes": Fragment(found)})


urlpatterns = [
    path("hello", Hello.as_view()),
    # Among the API's addresses, so that what is for browsers is passed by.
    path("api/v1/rows", Rows.as_view()),
    path("", include("doctolib.urls")),
]
