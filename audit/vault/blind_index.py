"""Blind indexes: keyed digests by which sealed values can be found without being readable.

Each purpose has a key of its own, so digests of different columns cannot be compared. Where a
look-up need not be unique, its digest is shortened, so that many texts share each one: even an
attacker with the index key cannot confirm that a person with a rare name is there. The caller
compares the revealed text afterwards. docs/security.md describes the remaining leak.
"""

import hashlib
import hmac
import re
import unicodedata
from functools import lru_cache

from django.conf import settings

INDEX_BYTES = 16
# Bytes kept of each digest: about 1 in 16 million texts shares one of three, 1 in 65,000 of two.
SHORT = {
    "patient.last_name": 3,
    "patient.first_name": 3,
    "patient.birth_date": 2,
    "patient.name_birth": 3,
    "patient.phone": 3,
    "patient.email": 3,
}


@lru_cache(maxsize=64)
def _purpose_key(index_key: str, purpose: str) -> bytes:
    return hmac.digest(index_key.encode(), b"doctolib blind index|" + purpose.encode(), "sha256")


def blind_index(purpose: str, normalised: str) -> bytes | None:
    """Return the keyed digest of an already normalised text; None for an empty one.

    16 bytes, or as many as SHORT says.
    """
    if not normalised:
        return None
    key = _purpose_key(settings.VAULT_INDEX_KEY, purpose)
    return hmac.digest(key, normalised.encode(), hashlib.sha256)[: SHORT.get(purpose, INDEX_BYTES)]


def normalise_name(text: str) -> str:
    """Fold case, accents, ligatures and punctuation: "Lefèvre-D'Œil" is "lefevre d oeil"."""
    ligatures = text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("Æ", "ae")
    decomposed = unicodedata.normalize("NFKD", ligatures.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def normalise_email(text: str) -> str:
    """Fold an e-mail address for look-up: NFKC, case folded, outer spaces gone."""
    return unicodedata.normalize("NFKC", text).strip().casefold()
