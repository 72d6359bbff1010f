"""The public keys of a credential."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from audit.named_key import MALFORMED
from audit.refusal import Refusal
from partners.models import Credential, CredentialKey

# RFC 7518 section 3.3; elliptic curve keys have the size of their curve.
LEAST_RSA_BITS = 2048
_PUBLIC = {"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"}


class UnusableKey(Refusal):
    """The key cannot be registered; `text` gives the reason, in the reader's language."""


def register_key(*, credential: Credential, jwk: dict[str, Any]) -> CredentialKey:
    """Register a public key (RFC 7517). Raises UnusableKey, also when the key is a private one."""
    if not set(jwk) <= _PUBLIC:
        raise UnusableKey(
            _("Envoyez la seule clé publique : celle-ci a des membres privés ou inconnus.")
        )
    # Six bits a base64url character; asked first, since joserfc warns of a short key on import.
    if jwk.get("kty") == "RSA" and len(str(jwk.get("n", ""))) * 6 < LEAST_RSA_BITS:
        raise UnusableKey(_("Une clé RSA a %(bits)s bits ou plus.") % {"bits": LEAST_RSA_BITS})
    try:
        key = import_key(jwk)
    except MALFORMED as error:
        raise UnusableKey(_("Ce n’est pas une JWK (RFC 7517).")) from error
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise UnusableKey(_("La clé doit être RSA, EC ou OKP."))
    kid = str(jwk.get("kid") or key.thumbprint())
    try:
        with transaction.atomic():
            return CredentialKey.objects.create(
                credential=credential, kid=kid, jwk={**jwk, "kid": kid}
            )
    except IntegrityError as error:
        raise UnusableKey(_("L’accès a déjà une clé de ce kid.")) from error


def key_set(credential: Credential) -> dict[str, list[dict[str, Any]]]:
    """The unrevoked keys of a credential, as a JWK set."""
    keys = CredentialKey.objects.filter(credential=credential, revoked_at__isnull=True)
    return {"keys": list(keys.order_by("pk").values_list("jwk", flat=True))}
