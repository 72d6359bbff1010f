from typing import cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from partners.models import Credential


class DeniedUnlessDeclared(BasePermission):
    """The default: a route that declares no permission of its own answers nobody."""

    def has_permission(self, request: Request, view: object) -> bool:
        return False


class HasScope(BasePermission):
    """The credential holds, from at least one practice, the scope that the route declares."""

    def has_permission(self, request: Request, view: object) -> bool:
        scope = getattr(view, "required_scope", None)
        if scope is None or request.user is None:
            return False
        return bool(
            cast(Credential, request.user)
            .grants.filter(revoked_at__isnull=True, scopes__contains=[scope])
            .exists()
        )
