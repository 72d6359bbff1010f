"""The public keys of a credential."""

from typing import Any

from django.db import IntegrityError, transaction
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from partners.domain.dpop import MALFORMED
from partners.models import Credential, CredentialKey

# RFC 7518 section 3.3; elliptic curve keys have the size of their curve.
LEAST_RSA_BITS = 2048
_PUBLIC = {"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"}


class UnusableKey(Exception):
    """The key cannot be registered; the text says why."""


def register_key(*, credential: Credential, jwk: dict[str, Any]) -> CredentialKey:
    """Register a public key (RFC 7517). Raises UnusableKey, also when the key is a private one."""
    if not set(jwk) <= _PUBLIC:
        raise UnusableKey("Send the public key alone: this one has private or unknown members.")
    # Six bits a base64url character; asked first, since joserfc warns of a short key on import.
    if jwk.get("kty") == "RSA" and len(str(jwk.get("n", ""))) * 6 < LEAST_RSA_BITS:
        raise UnusableKey(f"An RSA key has {LEAST_RSA_BITS} bits or more.")
    try:
        key = import_key(jwk)
    except MALFORMED as error:
        raise UnusableKey("This is not a JWK (RFC 7517).") from error
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise UnusableKey("The key must be RSA, EC or OKP.")
    kid = str(jwk.get("kid") or key.thumbprint())
    try:
        with transaction.atomic():
            return CredentialKey.objects.create(
                credential=credential, kid=kid, jwk={**jwk, "kid": kid}
            )
    except IntegrityError as error:
        raise UnusableKey("The credential has a key of this kid already.") from error


def key_set(credential: Credential) -> dict[str, list[dict[str, Any]]]:
    """The unrevoked keys of a credential, as a JWK set."""
    keys = CredentialKey.objects.filter(credential=credential, revoked_at__isnull=True)
    return {"keys": list(keys.order_by("pk").values_list("jwk", flat=True))}
