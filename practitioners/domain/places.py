"""Finding a place: a commune by name or postcode, accent-insensitive and typo-tolerant."""

import re
from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from practitioners.domain.text import search_text
from practitioners.models import Commune

LIMIT = 8
TYPO_SIMILARITY = 0.35


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a search looks: a commune, or a position that the reader's browser gave."""

    label: str
    latitude: float | None
    longitude: float | None
    commune: Commune | None = None


def suggest_communes(text: str, *, limit: int = LIMIT) -> list[Commune]:
    """Return the communes that a few letters or digits may mean, likeliest first."""
    return list(_matching(text)[:limit])


def _matching(text: str) -> QuerySet[Commune]:
    wanted = search_text(text)
    if postcode := re.search(r"\b(\d{2,5})\b", wanted):
        digits = postcode[1]
        if len(digits) == 5:
            return Commune.objects.filter(postcodes__contains=[digits]).order_by(
                "-population", "code"
            )
        return Commune.objects.filter(
            Q(code__startswith=digits[:2]), postcodes__icontains=digits
        ).order_by("-population", "code")
    if len(wanted) < 2:
        return Commune.objects.none()
    exact = Case(
        When(search_name=wanted, then=Value(2)),
        When(search_name__startswith=wanted, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    found = Commune.objects.filter(search_name__startswith=wanted).annotate(exactness=exact)
    if found.exists():
        return found.order_by("-exactness", "-population", "code")
    similar = Commune.objects.filter(search_name__trigram_similar=wanted).annotate(
        similarity=TrigramSimilarity("search_name", wanted)
    )
    return similar.filter(similarity__gte=TYPO_SIMILARITY).order_by(
        "-similarity", "-population", "code"
    )


def find_place(text: str, *, code: str = "") -> Place | None:
    """Return the place that a search form names: a commune's code, or the likeliest for a text."""
    commune = Commune.objects.filter(code=code).first() if code else None
    if commune is None or search_text(text) not in search_text(commune.label):
        found = suggest_communes(text, limit=1)
        commune = found[0] if found else None
    if commune is None:
        return None
    return Place(
        label=commune.label,
        latitude=commune.latitude,
        longitude=commune.longitude,
        commune=commune,
    )


__all__ = ["Place", "find_place", "suggest_communes"]
