"""Who calls the API: one credential, by its key."""

import hashlib
import hmac
import uuid

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from partners.models import Credential


def key_digest(key: str) -> bytes:
    """The digest under which a key is kept; keys are 256 random bits, so one hash suffices."""
    return hashlib.sha256(key.encode()).digest()


class CredentialAuthentication(BaseAuthentication):
    """`Authorization: Bearer ID.SECRET`. Suspension takes effect on the next request."""

    def authenticate(self, request: Request) -> tuple[Credential, None] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        try:
            credential_id, secret = parts[1].decode().split(".", 1)
            credential = Credential.objects.select_related("partner").get(
                pk=uuid.UUID(credential_id)
            )
        except (IndexError, ValueError, Credential.DoesNotExist) as error:
            raise AuthenticationFailed from error
        if not hmac.compare_digest(bytes(credential.key_digest), key_digest(secret)):
            raise AuthenticationFailed
        if credential.suspended_at is not None:
            raise AuthenticationFailed("Credential suspended.", code="suspended")
        return credential, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="doctolib"'
