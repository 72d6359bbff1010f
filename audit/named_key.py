"""Signed proofs that name, in their header, the key that signed them (RFC 7515, section 4.1.3).

DPoP's are, and those of Device Bound Session Credentials. joserfc takes headers of 512 bytes unless
it is told otherwise, and an RSA key of 2048 bits makes a longer one.
"""

import json
from collections.abc import Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

# What joserfc raises of headers, keys and claims that are not of the types they should be.
MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class PlainJSON(json.JSONDecoder):
    """JSON as RFC 8259 has it: NaN and Infinity, which are in no order with times, are refused."""

    def __init__(self) -> None:
        super().__init__(parse_constant=self._refuse)

    @staticmethod
    def _refuse(name: str) -> None:
        raise ValueError(f"{name} is no JSON")


class _Registry(jws.JWSRegistry):
    # An RSA key of 4096 bits makes a header of about 1,100 bytes.
    max_header_length = 1536


def header_of(proof: str) -> dict[str, Any]:
    """A proof's header, of which nothing is believed yet. Raises one of MALFORMED."""
    return dict(jws.extract_compact(proof.encode(), registry=_Registry()).headers())


def claims_of(
    proof: str, key: ECKey | OKPKey | RSAKey, *, algorithms: Sequence[str]
) -> dict[str, Any]:
    """What a key signed, by one of the algorithms. Raises one of MALFORMED."""
    registry = _Registry(algorithms=algorithms, strict_check_header=False)
    return dict(
        jwt.decode(
            proof, key, algorithms=algorithms, registry=registry, decoder_cls=PlainJSON
        ).claims
    )
