"""DPoP proofs: the sender of a request holds the key that its token is bound to (RFC 9449)."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.util import urlsafe_b64encode

from audit.named_key import MALFORMED, claims_of, header_of
from partners.domain.used_once import first_use

ALGORITHMS = ["ES256", "ES384", "PS256", "RS256", "Ed25519", "EdDSA"]
# Section 11.1: accepted for a short time, long enough for clocks that differ.
MOST_SECONDS = 60
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class InvalidProof(Exception):
    """The proof is missing or wrong; the text names the check of section 4.3 that failed."""


def thumbprint_of_proof(
    proof: str, *, method: str, url: str, now: datetime, access_token: str | None = None
) -> str:
    """Check a proof as RFC 9449 section 4.3 says, and return its key's RFC 7638 thumbprint.

    `url` is the request's without query and fragment. With `access_token` the proof must carry
    that token's hash. Raises InvalidProof.
    """
    try:
        header = header_of(proof)
        if header.get("typ") != "dpop+jwt":
            raise InvalidProof("typ must be dpop+jwt")
        if header.get("alg") not in ALGORITHMS:
            raise InvalidProof("alg must be an asymmetric algorithm")
        key = _public_key(header.get("jwk"))
        claims = claims_of(proof, key, algorithms=ALGORITHMS)
    except MALFORMED as error:
        raise InvalidProof("the proof is not a JWT signed by its own key") from error
    _check_claims(claims, method=method, url=url, now=now)
    if access_token is not None:
        expected = urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).decode()
        if not hmac.compare_digest(str(claims.get("ath", "")), expected):
            raise InvalidProof("ath is not the hash of the access token")
    thumbprint = str(key.thumbprint())
    if not first_use("dpop", thumbprint, claims["jti"], seconds=2 * MOST_SECONDS + 1):
        raise InvalidProof("jti was already used")
    return thumbprint


def _public_key(jwk: object) -> RSAKey | ECKey | OKPKey:
    if not isinstance(jwk, dict) or _PRIVATE & set(jwk):
        raise InvalidProof("jwk must be a public key")
    key = import_key(jwk)
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise InvalidProof("jwk must be a public key")
    return key


def _check_claims(claims: Mapping[str, Any], *, method: str, url: str, now: datetime) -> None:
    jti, iat = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise InvalidProof("jti is missing")
    if claims.get("htm") != method:
        raise InvalidProof("htm is not the method of the request")
    try:
        same = _without_query(str(claims.get("htu", ""))) == _without_query(url)
    except ValueError:
        same = False
    if not same:
        raise InvalidProof("htu is not the address of the request")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise InvalidProof("iat is missing")
    # Compared and not subtracted: a whole number of 400 digits is no float.
    if not now.timestamp() - MOST_SECONDS <= iat <= now.timestamp() + MOST_SECONDS:
        raise InvalidProof(f"iat is not within {MOST_SECONDS} seconds of now")


def _without_query(url: str) -> tuple[str, str, str]:
    """The address without its query and fragment, normalised (section 4.3 item 9)."""
    parts = urlsplit(url)
    port = {"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "")
    return parts.scheme.lower(), parts.netloc.lower().removesuffix(port), parts.path or "/"
