"""The token endpoint: client credentials with private_key_jwt, bound to a key with DPoP.

RFC 6749 section 4.4 and RFC 7523 by Authlib, with the limits of SMART Backend Services; DPoP
(RFC 9449 section 5) is ours.
"""

import uuid
from typing import Any

from authlib.integrations.django_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from joserfc import jwt
from joserfc.jwk import KeySet

from audit import security_log
from audit.client_address import client_address
from audit.ids import read_id
from audit.named_key import MALFORMED, PlainJSON
from audit.security_log import Step
from partners.domain import dpop, keys, tokens
from partners.domain.used_once import first_use
from partners.models import AccessToken, Credential

METHOD = JWTBearerClientAssertion.CLIENT_AUTH_METHOD
ALGORITHMS = ["RS384", "ES384", "RS256", "ES256", "PS256", "EdDSA", "Ed25519"]
# SMART Backend Services: an assertion expires five minutes after it is made, at most.
ASSERTION_SECONDS = 300
LEEWAY_SECONDS = 30
LONGEST_JTI = 256


def token_url() -> str:
    """The address that an assertion's `aud` and a proof's `htu` name."""
    return f"{settings.BASE_URL}{reverse('api:token')}"


class InvalidProofError(OAuth2Error):
    """RFC 9449 section 5."""

    error = "invalid_dpop_proof"


class InvalidRequest(OAuth2Error):
    """RFC 6749 section 5.2."""

    error = "invalid_request"


class Client:
    """A credential, as Authlib asks for a client."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == (METHOD, "token")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ClientCredentialsGrant.GRANT_TYPE


class Assertion(JWTBearerClientAssertion):
    """private_key_jwt: short-lived, used once, signed with a registered key."""

    def __call__(self, query_client: Any, request: Any) -> Client | None:
        try:
            found: Client | None = super().__call__(query_client, request)
        except MALFORMED as error:
            raise InvalidClientError(
                "The assertion is not a JWT as specified by RFC 7523.", status_code=401
            ) from error
        return found

    def get_audiences(self) -> list[str]:
        return [token_url()]

    def resolve_client_public_key(self, client: Client) -> KeySet:
        found = keys.key_set(client.credential)
        if not found["keys"]:
            raise InvalidClientError("The credential has no registered key.", status_code=401)
        return KeySet.import_key_set(found)  # type: ignore[arg-type]

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> jwt.Claims:
        try:
            claims = jwt.decode(
                assertion, resolve_key, algorithms=ALGORITHMS, decoder_cls=PlainJSON
            ).claims
        except MALFORMED as error:
            raise InvalidClientError(
                "The assertion is not signed with a registered key of this credential.",
                status_code=401,
            ) from error
        self.verify_claims(claims)
        return claims

    def verify_claims(self, claims: jwt.Claims) -> None:
        expires = claims.get("exp")
        now = timezone.now().timestamp()
        if isinstance(expires, int | float) and expires > now + ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise InvalidClientError("exp must be at most five minutes from now.", status_code=401)
        super().verify_claims(claims)

    def validate_jti(self, claims: jwt.Claims, jti: object) -> bool:
        if not isinstance(jti, str) or len(jti) > LONGEST_JTI:
            return False
        kept = ASSERTION_SECONDS + 2 * LEEWAY_SECONDS
        return first_use("assertion", claims["sub"], jti, seconds=kept)


class Grant(ClientCredentialsGrant):
    """The client credentials grant, limited to the scopes that practices have granted."""

    TOKEN_ENDPOINT_AUTH_METHODS = [METHOD]

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        credential = self.request.client.credential
        scopes = self._scopes(credential)
        thumbprint = self._thumbprint(credential)
        token = tokens.issue(
            credential=credential, scopes=scopes, thumbprint=thumbprint, now=timezone.now()
        )
        security_log.note(
            Step.TOKEN,
            by="dpop" if thumbprint else "bearer",
            address=client_address(self.request._request),
            of=str(credential.pk),
        )
        answer = {
            "access_token": token,
            "token_type": "DPoP" if thumbprint else "Bearer",
            "expires_in": tokens.TOKEN_SECONDS,
            "scope": " ".join(scopes),
        }
        return 200, answer, self.TOKEN_RESPONSE_HEADER

    def _scopes(self, credential: Credential) -> list[str]:
        held = tokens.granted_scopes(credential)
        wanted = (self.request.payload.scope or "").split()
        refused = sorted(set(wanted) - set(held))
        if refused:
            raise InvalidScopeError(f"No practice has granted you {' '.join(refused)}.")
        if not held:
            raise InvalidScopeError("No practice has granted you any scope at the moment.")
        return [scope for scope in held if scope in wanted] if wanted else held

    def _thumbprint(self, credential: Credential) -> str:
        proof = self.request.headers.get("DPoP")
        if proof is None:
            if credential.sender_constrained:
                raise InvalidProofError("This credential needs a DPoP proof (RFC 9449).")
            return ""
        try:
            return dpop.thumbprint_of_proof(
                proof, method="POST", url=token_url(), now=timezone.now()
            )
        except dpop.InvalidProof as problem:
            raise InvalidProofError(str(problem)) from problem


class Server(AuthorizationServer):
    """Authlib's server over our credentials."""

    def query_client(self, client_id: str) -> Client | None:
        pk: uuid.UUID | None = read_id(client_id)
        credential = Credential.objects.filter(pk=pk).first() if pk else None
        if credential is not None and credential.suspended_at is not None:
            raise InvalidClientError("The credential is suspended.", status_code=401)
        return Client(credential) if credential else None


_server = Server(Credential, AccessToken)
_server.register_client_auth_method(METHOD, Assertion(leeway=LEEWAY_SECONDS))
_server.register_grant(Grant)


@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """POST /oauth/token: an access token for five minutes."""
    if request.GET:
        problem = InvalidRequest("Send the parameters in the body (RFC 6749 section 2.3.1).")
        return _server.handle_response(*problem())
    return _server.create_token_response(request)
