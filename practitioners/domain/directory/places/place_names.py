"""Places that bear a name, in full or as its first words, narrowed by the digits beside it."""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from practitioners.domain.directory import areas
from practitioners.domain.directory.places.place import (
    Place,
    of_area,
    of_arrondissement,
    of_commune,
)
from practitioners.domain.directory.places.place_found import (
    KNOWN_POPULATION,
    LIMIT,
    Found,
    bears,
    by_code,
    departments_of_postcode,
    largest_first,
    unique,
    variants,
)
from practitioners.domain.directory.places.place_text import PlaceText
from practitioners.models import Commune

# First words that too many names share to be a name themselves.
NOT_ALONE = frozenset(["saint", "sainte", "saints", "notre", "le", "la", "les", "l", "mont", "val"])
ROWS = 40


def named(words: Sequence[str], said: PlaceText, *, departments: Iterable[str] = ()) -> Found:
    """Return what bears exactly this name, alone or as its first words: the largest first."""
    # "Saint" alone is Le Saint only if somebody writes it so.
    names = variants(words) if set(words) - NOT_ALONE else [" ".join(words)]
    if not any(len(name) > 1 for name in names):
        return Found()
    rows = [] if said.kind else [of_commune(c) for c in _communes(names, said, departments)]
    if not departments:
        rows += [of_area(area) for area in areas.areas_called(names[0])]
    if not said.kind:
        rows += _former(names[0]) + _districts(names[0])
    if said.kind == "region":
        rows = [row for row in rows if len(row.departments) > 1] or rows
    rows = _whole_names_first(largest_first(rows), words, digits=said.digits)
    if not rows:
        return Found()
    kept, read_all = narrowed(rows, said)
    unread = "" if read_all else (said.postcode or said.department or f"{said.number}")
    others = _worth_offering(kept[0], kept[1:], words)
    quarters = [] if said.digits or said.kind else quarters_called(names[0])
    # Auteuil is a commune, and a quarter of Paris too.
    others = unique([*others[: LIMIT - len(quarters)], *quarters])
    return Found(place=kept[0], others=others[:LIMIT], unread=unread)


def _worth_offering(first: Place, others: list[Place], words: Sequence[str]) -> list[Place]:
    """Leave out hamlets that only begin like a town of the very name: Tours-en-Vimeu for Tours."""
    if first.population < KNOWN_POPULATION or not bears(first, words):
        return others
    return [row for row in others if bears(row, words) or row.population >= KNOWN_POPULATION]


def _whole_names_first(rows: list[Place], words: Sequence[str], *, digits: bool) -> list[Place]:
    """Put places that only begin with the words last, unless they are known: Aix-en-Provence is.

    With digits beside it, the whole name always comes first: Bousignies 59 is Bousignies.
    """
    known = KNOWN_POPULATION if not digits else 10**9
    return sorted(rows, key=lambda row: not bears(row, words) and row.population < known)


def _communes(
    names: Sequence[str], said: PlaceText, departments: Iterable[str]
) -> QuerySet[Commune]:
    wanted = Q(search_name__in=names)
    if names[0] not in NOT_ALONE and len(names[0]) > 1:
        for name in names:
            wanted |= Q(search_name__startswith=f"{name} ")
    communes = Commune.objects.filter(wanted).order_by("-population", "code")
    if departments := tuple(departments):
        communes = communes.filter(department__in=departments)
    within = _within_digits(communes, said)
    return (within if within is not None else communes)[:ROWS]


def _within_digits(communes: QuerySet[Commune], said: PlaceText) -> QuerySet[Commune] | None:
    """Return those that the digits go with, or None if they go with none of them."""
    if not said.digits:
        return None
    codes = _departments_said(said)
    close = communes.filter(Q(postcodes__contains=[said.postcode]) | Q(department__in=codes))
    cities = communes.filter(code__in=areas.CITY_NAMES)
    both = close | cities
    return both if both.exists() else None


def _departments_said(said: PlaceText) -> tuple[str, ...]:
    if said.postcode:
        return departments_of_postcode(said.postcode)
    if said.number == 20:
        return ("2A", "2B")
    return (said.department or f"{said.number:02d}",)


def _former(name: str) -> list[Place]:
    rows = []
    former = areas.former_communes().get(name, [])
    communes = Commune.objects.in_bulk([row.commune for row in former]) if former else {}
    for row in former:
        if commune := communes.get(row.commune):
            place = of_commune(commune).__dict__
            label = f"{row.name} ({row.department})"
            rows.append(Place(**(place | {"label": label, "population": 0, "code": ""})))
    return rows


def _districts(name: str) -> list[Place]:
    """Parts of towns: "Montmartre", and "Villejean Rennes" with the town before or after."""
    found = [by_code(one.place) for one in areas.districts().get(name, []) if one.alone]
    words = name.split()
    for cut in range(1, len(words)):
        for town, part in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            found += _parts_of(" ".join(town), _without_joining(part))
    return [place for place in found if place is not None]


def quarters_called(name: str) -> list[Place]:
    """Quarters that are only offered under their name alone: "Nation", "Auteuil"."""
    places = [by_code(one.place) for one in areas.districts().get(name, []) if not one.alone]
    return largest_first(place for place in places if place is not None)[:2]


def _parts_of(town: str, part: str) -> list[Place | None]:
    places = [by_code(one.place) for one in areas.districts().get(part, [])]
    return [p for p in places if p and p.commune and p.commune.search_name == town]


def _without_joining(words: Sequence[str]) -> str:
    """ "Gare de Paris Nord", "Villejean à Rennes": little words between a town and its part."""
    joining = ("de", "du", "des", "d", "a", "quartier")
    while words and words[0] in joining:
        words = words[1:]
    while words and words[-1] in joining:
        words = words[:-1]
    return " ".join(words)


def narrowed(rows: list[Place], said: PlaceText) -> tuple[list[Place], bool]:
    """Return those that the digits go with; all, and False, if they go with none."""
    if not said.digits:
        return rows, True
    for place in rows:
        if place.commune and place.commune.code in areas.CITY_NAMES:
            one = areas.arrondissements().get((place.commune.code, said.number or 0))
            one = one or areas.arrondissements_by_postcode().get(said.postcode)
            if one is not None and one.city == place.commune.code:
                # "Marseille 13" may be the department: all of the city is the other choice.
                whole = [place] if f"{said.number}" == place.commune.department else []
                return [of_arrondissement(one, commune=place.commune), *whole], True
    by_postcode = [
        of_commune(place.commune, postcode=said.postcode)
        for place in rows
        if place.commune and said.postcode in place.commune.postcodes
    ]
    if said.postcode and by_postcode:
        return by_postcode, True
    codes = set(_departments_said(said))
    kept = [
        _only(place, codes)
        for place in rows
        if codes & set(place.departments) or (place.commune and place.commune.department in codes)
    ]
    return (kept, True) if kept else (rows, False)


def _only(place: Place, codes: set[str]) -> Place:
    """Narrow a region to the department named beside it: "Corse 2A"."""
    within = codes & set(place.departments)
    if len(place.departments) > 1 and len(within) == 1:
        return of_area(areas.departments()[within.pop()])
    return place
