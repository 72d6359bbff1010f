"""Authenticate a request: an access token identifies one credential, with DPoP if it is bound."""

from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from audit.client_address import client_address
from audit.record.entries import Origin
from audit.watch.sighting import network_of
from partners.domain import binding, dpop, tokens
from partners.models import AccessToken, Credential


def origin_of(request: Request, token: AccessToken, *, thumbprint: str) -> Origin:
    """The network, key and token that a request came with."""
    return Origin(
        network=network_of(client_address(request._request)),
        key=thumbprint[:16],
        token=bytes(token.digest).hex()[:16],
    )


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`, or `DPoP TOKEN` with a proof (RFC 9449 section 7).

    The token and its credential are looked up at every request: suspending takes effect on the
    next one, on every process.
    """

    def authenticate(self, request: Request) -> tuple[Credential, AccessToken] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() not in ("bearer", "dpop"):
            return None
        token = tokens.find(text.strip(), now=timezone.now())
        if token is None:
            raise AuthenticationFailed("The token is unknown or has expired. Request a new one.")
        if token.credential.suspended_at is not None:
            raise AuthenticationFailed("The credential is suspended.", code="suspended")
        self._check_binding(request, token, scheme=scheme.lower(), text=text.strip())
        return token.credential, token

    def _check_binding(
        self, request: Request, token: AccessToken, *, scheme: str, text: str
    ) -> None:
        """Section 7.1: a bound token is refused as Bearer, and an unbound one as DPoP."""
        now = timezone.now()
        thumbprint = ""
        if scheme == "dpop":
            try:
                thumbprint = dpop.thumbprint_of_proof(
                    request.headers.get("DPoP", ""),
                    method=str(request.method),
                    url=f"{settings.BASE_URL}{request.path}",
                    now=now,
                    access_token=text,
                )
            except dpop.InvalidProof as problem:
                raise AuthenticationFailed(f"DPoP proof: {problem}.") from problem
        try:
            binding.check(
                token, thumbprint=thumbprint, now=now,
                origin=lambda: origin_of(request, token, thumbprint=thumbprint),
            )  # fmt: skip
        except binding.NotItsKey as problem:
            raise AuthenticationFailed(
                "Send a key-bound token as DPoP with a proof by its own key, and an unbound token"
                " as Bearer. A bound token that was sent in another way is revoked: request a new"
                " one."
            ) from problem

    def authenticate_header(self, request: Request) -> str:
        algorithms = " ".join(dpop.ALGORITHMS)
        return f'DPoP realm="doctolib", algs="{algorithms}", Bearer realm="doctolib"'
