"""Places whose name is only close to what was written: never taken without saying so."""

import re
from collections.abc import Sequence

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q, QuerySet

from practitioners.domain.directory import areas
from practitioners.domain.directory.places.place import Place, of_area, of_commune
from practitioners.domain.directory.places.place_found import (
    KNOWN_POPULATION,
    LIMIT,
    Found,
    by_code,
    largest_first,
    unique,
)
from practitioners.domain.directory.places.place_names import NOT_ALONE, named, narrowed
from practitioners.domain.directory.places.place_text import QUIET, PlaceText
from practitioners.domain.directory.text import distance, search_text, within_typo
from practitioners.models import Commune

TYPO_SIMILARITY = 0.35
# A typo is put right only towards a town this large; a smaller one is offered, not taken.
TYPO_POPULATION = 10_000
# A city this large is meant, or at least offered, where a small place has the name it resembles.
CITY_POPULATION = 50_000
FAR_LARGER = 5
# With fewer letters a quarter is a guess: "par" is Paris, and not the Part-Dieu.
QUARTER_LETTERS = 6
_GLUED = re.compile(r"(saint|sainte|st|ste)([a-z]{3,})")


def close(said: PlaceText) -> Found:
    """Return names close to the words: some of its words, its first letters, a typo away."""
    if set(said.words) <= QUIET | NOT_ALONE:
        return _little_words(largest_first(_beginning_so(" ".join(said.words))), said)
    if (glued := _glued(said)).place:
        return glued
    name = " ".join(said.words)
    likely = _beginning_so(name) + a_typo_away(name)
    if said.digits:
        kept, read_all = narrowed(likely, said) if likely else ([], False)
        likely = kept if read_all else []
    likely = largest_first(likely + _with_words(said.words))
    if likely and likely[0].population >= KNOWN_POPULATION:
        return Found(place=likely[0], similar=likely[1:LIMIT], exact=False)
    return Found(similar=unique(likely + nearest_names(said.words))[:LIMIT])


def _little_words(begun: list[Place], said: PlaceText) -> Found:
    """ "St et": far larger than anything else that begins so, Saint-Étienne is taken, and said."""
    others = begun[1].population if begun[1:] else 0
    if (
        len(said.words) > 1
        and len(said.words[-1]) > 1
        and begun
        and begun[0].population >= max(CITY_POPULATION, FAR_LARGER * others)
    ):
        return Found(place=begun[0], similar=begun[1:LIMIT], exact=False)
    return Found(similar=begun[:LIMIT])


def beginning(text: str) -> QuerySet[Commune]:
    """Return the communes whose name begins with these letters, the largest first."""
    return Commune.objects.filter(search_name__startswith=text).order_by("-population", "code")


def rather_a_city(found: Found, said: PlaceText) -> Found:
    """Weigh a small place that only begins with the words against a much larger one like them.

    "Lion" begins Le Lion-d'Angers and is one letter from Lyon; "Seine" begins Seine-Port and
    Seine-Saint-Denis.
    """
    place = found.place
    if place is None or said.digits or place.population >= KNOWN_POPULATION:
        return found
    likely = close(said)
    city = likely.place
    larger = city is not None and city.population >= max(CITY_POPULATION, 10 * place.population)
    if not larger:
        return found
    rest = unique([*likely.similar, place, *found.others])
    return Found(place=city, similar=rest[:LIMIT], exact=False)


def with_cities_alike(found: Found, said: PlaceText) -> Found:
    """Offer the city beside a small place whose name is a typo away from the city's."""
    place = found.place
    if place is None or said.digits or place.population >= KNOWN_POPULATION:
        return found
    cities = [c for c in a_typo_away(" ".join(said.words)) if c.population >= CITY_POPULATION]
    return Found(**(found.__dict__ | {"similar": [c for c in cities if c.label != place.label]}))


def _glued(said: PlaceText) -> Found:
    """Read "stmalo"."""
    match = _GLUED.fullmatch("".join(said.words))
    if match is None or len(said.words) > 1:
        return Found()
    return named(("sainte" if match[1].endswith("te") else "saint", match[2]), said)


def _beginning_so(name: str) -> list[Place]:
    if len(name) < 3:
        return []
    # Of other names than its own an area is known only by the whole: Touraine is not "tour".
    begun = [
        area
        for key, some in areas.named_areas().items()
        for area in some
        if key.startswith(name) and (area.code or area.region)
        and search_text(area.name).endswith(key)
    ]  # fmt: skip
    parts = [
        place
        for key, some in areas.districts().items()
        for one in some
        if len(name) >= QUARTER_LETTERS
        and one.alone
        and key.startswith(name)
        and (place := by_code(one.place))
    ]
    rows = [of_commune(c) for c in beginning(name)[:LIMIT]]
    return [*rows, *(of_area(area) for area in begun), *parts]


def begins(name: str) -> bool:
    """Whether some place's name begins with these letters."""
    return bool(_beginning_so(name))


def a_typo_away(name: str) -> list[Place]:
    """Return the large places whose name is this one but for a typo, the nearest names only."""
    near = _towns_a_typo_away(name)
    for known, some in areas.named_areas().items():
        if within_typo(name, known):
            near += [(distance(name, known), of_area(area)) for area in some]
    nearest = min((far for far, _ in near), default=0)
    return largest_first(place for far, place in near if far == nearest)


def _towns_a_typo_away(name: str) -> list[tuple[int, Place]]:
    """Large towns and how many letters they are away. A typo leaves the first letter right."""
    begins = Q(search_name__startswith=name[:1])
    for article in areas.ARTICLES:
        begins |= Q(search_name__startswith=f"{article} {name[:1]}")
    large = Commune.objects.filter(begins, population__gte=TYPO_POPULATION)
    near: dict[str, int] = {}
    for code, known in large.values_list("code", "search_name"):
        for text in {known, _without_article(known)}:
            if within_typo(name, text):
                near[code] = min(near.get(code, 9), distance(name, text))
    communes = Commune.objects.in_bulk(near) if near else {}
    return [(far, of_commune(communes[code])) for code, far in near.items()]


def _without_article(name: str) -> str:
    first, _, rest = name.partition(" ")
    return rest if first in areas.ARTICLES and rest else name


def _with_words(words: Sequence[str]) -> list[Place]:
    """Places whose name holds all these words in this order: "Chalon Saône", "Billancourt"."""
    if max(len(word) for word in words) < 4 or any(w in NOT_ALONE for w in words[-1:]):
        return []
    pattern = r".*".join(rf"\m{word}\M" for word in words)
    communes = Commune.objects.filter(search_name__regex=pattern).order_by("-population", "code")
    return [of_commune(commune) for commune in communes[:LIMIT]]


def nearest_names(words: Sequence[str]) -> list[Place]:
    """Return the names most like these words, of communes, departments and regions."""
    name = " ".join(words)
    similar = (
        Commune.objects.filter(search_name__trigram_similar=name)
        .annotate(similarity=TrigramSimilarity("search_name", name))
        .filter(similarity__gte=TYPO_SIMILARITY)
        .order_by("-similarity", "-population", "code")
    )
    rows = [of_commune(commune) for commune in similar[:LIMIT]]
    return unique([*a_typo_away(name), *rows])[:LIMIT]
