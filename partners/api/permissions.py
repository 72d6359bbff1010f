from typing import cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from partners.domain.scopes import IDENTITY_SCOPES
from partners.models import AccessToken, Credential


class DeniedUnlessDeclared(BasePermission):
    """The default: a route without a permission of its own refuses every request."""

    def has_permission(self, request: Request, view: object) -> bool:
        return False


class HasScope(BasePermission):
    """The token has the scope that the route declares, and a practice still grants it."""

    def has_permission(self, request: Request, view: object) -> bool:
        scope = getattr(view, "required_scope", None)
        if not scope or request.user is None:
            return False
        credential, token = cast(Credential, request.user), cast(AccessToken, request.auth)
        if scope not in token.scopes:
            self.message = f"The token does not have the scope {scope}."
            return False
        if not token.thumbprint and (scope in IDENTITY_SCOPES or credential.sender_constrained):
            self.message = f"{scope} requires a token that is bound to a key (DPoP, RFC 9449)."
            return False
        self.message = f"No practice grants you {scope} at the moment."
        return scope in token.granted_now  # type: ignore[attr-defined]
