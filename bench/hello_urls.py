from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView


class Hello(APIView):
    """As little as a DRF view can do."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: object) -> Response:
        return Response({"hello": "world"})


urlpatterns = [path("hello", Hello.as_view()), path("", include("doctolib.urls"))]
