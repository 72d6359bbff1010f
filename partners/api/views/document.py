"""The OpenAPI document, and the page on which people read it."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control, never_cache
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.views import APIView


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The description of access tokens in the OpenAPI document."""

    target_class = "partners.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "For a key-bound token, send `DPoP TOKEN` and a DPoP header instead.",
        }


class Unknown(APIView):
    """Every address that the API does not have: a problem, like every other error."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("The API has no such address.")


@method_decorator(cache_control(public=True, max_age=3600), name="dispatch")
class Document(SpectacularAPIView):
    """GET /api/v1/openapi.json."""

    renderer_classes = [OpenApiJsonRenderer]


class PageSession(BaseAuthentication):
    """The user of the site's own session, for the page's header. It gives access to no data."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "user", None)
        return (user, None) if user is not None and user.is_authenticated else None


@method_decorator(never_cache, name="dispatch")
class Reference(SpectacularSwaggerSplitView):
    """The OpenAPI document as a page; its scripts are separate files from this site."""

    authentication_classes = [PageSession]
    renderer_classes = [TemplateHTMLRenderer]
    url_name = "api:schema"
    template_name = "partners/reference.html"
