"""Finding a place. The words decide, digits narrow, and nothing is replaced without saying so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q, QuerySet

from practitioners.domain import areas
from practitioners.domain.place import Place, of_area, of_arrondissement, of_commune
from practitioners.domain.place_text import STREETS, PlaceText, place_tokens, read, spelt_out
from practitioners.domain.text import search_text, within_typo
from practitioners.models import Commune
from practitioners.models.directory import department_of

LIMIT = 8
TYPO_SIMILARITY = 0.35
# A typo is put right only towards a town this large; a smaller one is offered, not taken.
TYPO_POPULATION = 10_000
# In "Paris Montparnasse" the words besides the name may be left out only beside a town this large.
KNOWN_POPULATION = 10_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a text may mean: the likeliest place, others of the name, and the nearest names.

    `place` is None where nothing bears the name. `exact` is False if the place is only the
    nearest name; `unread` are digits or words of the text that do not go with the place.
    """

    place: Place | None = None
    others: list[Place] = field(default_factory=list)
    similar: list[Place] = field(default_factory=list)
    exact: bool = True
    unread: str = ""


def find_place(text: str, *, code: str = "") -> Place | None:
    """Return the place that a form names: a suggestion's code, or the likeliest for a text."""
    return look_up(text, code=code).place


def look_up(text: str, *, code: str = "") -> Found:
    """Return what a text in the field "where" means; `code` is that of a chosen suggestion.

    The code counts only as long as the text is still the suggestion's.
    """
    chosen = _by_code(code)
    if chosen is not None and search_text(text) and search_text(text) in search_text(chosen.label):
        return Found(place=chosen)
    said = read(text, cities=frozenset(areas.CITIES))
    if not said.words:
        return _by_digits(said)
    found = _by_words(said)
    commune = found.place.commune if found.place and text.strip().endswith(")") else None
    if commune and search_text(text) == search_text(commune.label):
        # A suggestion's own text, "Tours (37000)", is all of Tours.
        found = replace(found, place=of_commune(commune))
    return found if found.place or found.similar else Found(similar=_nearest_names(said.words))


def look_up_exactly(text: str) -> Place | None:
    """Return the place only if the text names it in full: for a place typed beside something.

    A statement or two, as nothing similar is looked for.
    """
    said = read(text, cities=frozenset(areas.CITIES))
    if not said.words:
        found = _by_digits(said)
    elif said.address:
        found = _in_address(said)
    else:
        found = _named(said.words, said)
        found = found if found.place else _within_named_area(said)
    if found.place is None or found.unread:
        return None
    if said.words and not said.digits and found.place.commune is not None:
        names = set(_variants(said.words))
        if found.place.commune.search_name not in names and not found.place.postcodes:
            return None
    return found.place


def suggest_places(text: str, *, limit: int = LIMIT) -> list[Place]:
    """Return the places that a few letters or digits may mean, likeliest first."""
    said = read(text, cities=frozenset(areas.CITIES))
    found = look_up(text)
    rows = [found.place] if found.place else []
    rows += found.others
    if not said.digits and said.words and found.exact:
        rows += [of_commune(c) for c in _beginning(" ".join(said.words))[:limit]]
    if found.place and found.place.kind == "arrondissement" and not said.ordinal:
        rows += _longer_numbers(found.place, said)
    rows += found.similar
    unique = {(place.label, place.code): place for place in rows}
    return list(unique.values())[:limit]


def _by_code(code: str) -> Place | None:
    if not code:
        return None
    for one in areas.arrondissements().values():
        if one.code == code:
            return of_arrondissement(one, commune=_commune(one.city))
    commune = _commune(code)
    return of_commune(commune) if commune else None


def _commune(code: str) -> Commune | None:
    return Commune.objects.filter(code=code).first()


# Digits alone


def _by_digits(said: PlaceText) -> Found:
    if said.number is not None and said.ordinal:
        rows = [
            of_arrondissement(one, commune=_commune(one.city))
            for city in (areas.PARIS, areas.MARSEILLE, areas.LYON)
            if (one := areas.arrondissements().get((city, said.number)))
        ]
        return Found(place=rows[0], others=rows[1:]) if rows else Found()
    if said.number is not None or said.department:
        return _by_department_number(said.department or f"{said.number:02d}")
    if one := areas.arrondissements_by_postcode().get(said.postcode):
        return Found(place=of_arrondissement(one, commune=_commune(one.city)))
    if not said.postcode:
        return Found()
    rows = _with_postcode(said.postcode)
    if rows:
        return Found(place=rows[0], others=rows[1:LIMIT])
    return Found(similar=_largest_in(department_of_postcode(said.postcode)))


def _by_department_number(code: str) -> Found:
    if code == "20":
        return Found(place=of_area(areas.named_areas()["corse"][0]))
    department = areas.departments().get(code)
    if department is None:
        return Found()
    paris = _commune(areas.PARIS) if code == "75" else None
    return Found(place=of_commune(paris) if paris else of_area(department))


def _with_postcode(digits: str) -> list[Place]:
    if len(digits) == 5:
        communes = Commune.objects.filter(postcodes__contains=[digits])
    else:
        communes = Commune.objects.filter(
            reduce(or_, (Q(code__startswith=d) for d in department_of_postcode(digits))),
            postcodes__icontains=digits,
        )
    rows = communes.order_by("-population", "code")[: LIMIT + 1]
    return [
        of_commune(c, postcode=digits)
        for c in rows
        if any(code.startswith(digits) for code in c.postcodes)
    ]


def department_of_postcode(postcode: str) -> tuple[str, ...]:
    """Return the departments that a postcode, or its beginning, may lie in."""
    if postcode.startswith("20"):
        return ("2A", "2B")
    return (postcode[:3],) if postcode[:2] in ("97", "98") else (department_of(postcode),)


def _largest_in(departments: Sequence[str]) -> list[Place]:
    communes = Commune.objects.filter(department__in=departments).order_by("-population", "code")
    return [of_commune(commune) for commune in communes[:4]]


# Words, narrowed by digits


def _by_words(said: PlaceText) -> Found:
    found = _named(said.words, said) if not said.address else Found()
    if found.place is None and said.address:
        found = _in_address(said)
    if found.place is None:
        found = _within_named_area(said)
    if found.place is None and not said.address:
        found = _largest_part(said)
    if found.place is None and said.postcode:
        found = _by_digits(said)
        unread = "" if said.address else " ".join(said.words)
        return Found(place=found.place, others=found.others, similar=found.similar, unread=unread)
    if found.place is None and not said.address:
        found = _close(said)
    return found


def _named(words: Sequence[str], said: PlaceText, *, departments: Iterable[str] = ()) -> Found:
    """Return what bears exactly this name, alone or as its first words: the largest first."""
    names = _variants(words)
    if not any(len(name) > 1 for name in names):
        return Found()
    rows = [] if said.kind else [of_commune(c) for c in _communes(names, said, departments)]
    if not departments:
        rows += [of_area(a) for name in names[:1] for a in areas.named_areas().get(name, ())]
    if not said.kind:
        rows += _former(names)
    if said.kind == "region":
        rows = [row for row in rows if len(row.departments) > 1] or rows
    rows = _largest_first(rows)
    if not rows:
        return Found()
    narrowed, read_all = _narrowed(rows, said)
    unread = "" if read_all else (said.postcode or said.department or f"{said.number}")
    return Found(place=narrowed[0], others=narrowed[1 : LIMIT + 1], unread=unread)


def _largest_first(rows: list[Place]) -> list[Place]:
    """Sort by population. Paris is the department of the same name, and the one to show."""
    rows = sorted(rows, key=lambda place: (-place.population, place.label))
    if any(row.commune and row.commune.code == areas.PARIS for row in rows):
        rows = [row for row in rows if row.departments != ("75",)]
    return _unique(rows)


def _unique(rows: list[Place]) -> list[Place]:
    return list({(row.label, row.departments): row for row in rows}.values())


def _variants(words: Sequence[str]) -> list[str]:
    """The ways to write a name: with and without its article, lez and les."""
    name = " ".join(words)
    rows = [name, *(f"{article} {name}" for article in areas.ARTICLES)]
    if words and words[0] in areas.ARTICLES and len(words) > 1:
        rows.append(" ".join(words[1:]))
    for one, other in (("les", "lez"), ("lez", "les"), ("sous", "sur")):
        if one in words[1:]:
            rows.append(f" {name} ".replace(f" {one} ", f" {other} ").strip())
    return rows


# First words that too many names share to be a name themselves.
_NOT_ALONE = frozenset(
    ["saint", "sainte", "saints", "notre", "le", "la", "les", "l", "mont", "val"]
)


def _communes(
    names: Sequence[str], said: PlaceText, departments: Iterable[str]
) -> QuerySet[Commune]:
    wanted = Q(search_name__in=names)
    if names[0] not in _NOT_ALONE and len(names[0]) > 1:
        for name in names:
            wanted |= Q(search_name__startswith=f"{name} ")
    communes = Commune.objects.filter(wanted).order_by("-population", "code")
    if departments := tuple(departments):
        communes = communes.filter(department__in=departments)
    narrowed = _within_digits(communes, said)
    return (narrowed if narrowed is not None else communes)[:40]


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
        return department_of_postcode(said.postcode)
    if said.number == 20:
        return ("2A", "2B")
    return (said.department or f"{said.number:02d}",)


def _former(names: Sequence[str]) -> list[Place]:
    rows = []
    former = [row for name in names[:1] for row in areas.former_communes().get(name, ())]
    communes = Commune.objects.in_bulk([row.commune for row in former]) if former else {}
    for row in former:
        if commune := communes.get(row.commune):
            place = of_commune(commune).__dict__
            label = f"{row.name} ({row.department})"
            rows.append(Place(**(place | {"label": label, "population": 0, "code": ""})))
    return rows


def _narrowed(rows: list[Place], said: PlaceText) -> tuple[list[Place], bool]:
    """Return those that the digits go with; all, and False, if they go with none."""
    if not said.digits:
        return rows, True
    for place in rows:
        if place.commune and place.commune.code in areas.CITY_NAMES:
            one = areas.arrondissements().get((place.commune.code, said.number or 0))
            one = one or areas.arrondissements_by_postcode().get(said.postcode)
            if one is not None and one.city == place.commune.code:
                return [of_arrondissement(one, commune=place.commune)], True
    by_postcode = [
        of_commune(place.commune, postcode=said.postcode)
        for place in rows
        if place.commune and said.postcode in place.commune.postcodes
    ]
    if said.postcode and by_postcode:
        return by_postcode, True
    codes = set(_departments_said(said))
    kept = [
        place
        for place in rows
        if codes & set(place.departments) or (place.commune and place.commune.department in codes)
    ]
    return (kept, True) if kept else (rows, False)


def _in_address(said: PlaceText) -> Found:
    """Find the town of an address: after the street, or before it; never the street's own name."""
    words = list(said.words)
    street = next(i for i, word in enumerate(words) if word in STREETS)
    named = _named(spelt_out(words), said)
    if named.place is not None:
        return named
    if street and (before := _named(spelt_out(words[:street]), said)).place:
        return before
    # The street's name has one word at least, so that the rue de Lyon is not in Lyon.
    for first in range(street + 2, len(words)):
        town = spelt_out(words[first:])
        if town[0] in ("de", "du", "des", "d", "a", "et", "sur", "en"):
            continue
        if words[first - 1] in ("de", "du", "des", "d", "la", "le", "les", "l", "saint", "st"):
            continue
        found = _named(town, said)
        if found.place is not None and _bears(found.place, town):
            return found
    return Found()


def _bears(place: Place, words: Sequence[str]) -> bool:
    """Whether the place's whole name is these words, not only its first ones."""
    if place.commune is None or place.kind == "arrondissement":
        return True
    names = _variants(words)
    return place.commune.search_name in names or _name(place) in names


def _within_named_area(said: PlaceText) -> Found:
    """Read "Bruz Ille-et-Vilaine" or "Saint-Denis La Réunion": a place, and the area it is in."""
    words = said.words
    for cut in range(1, len(words)):
        for name, area_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            for area in areas.named_areas().get(" ".join(area_words), ()):
                found = _named(name, said, departments=area.departments)
                if found.place is not None:
                    return found
    return Found()


def _largest_part(said: PlaceText) -> Found:
    """Read "Paris Montparnasse": the longest run of words that is a large town's whole name."""
    words = said.words
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length, -1, -1):
            part = words[first : first + length]
            if length == 1 and (len(part[0]) < 4 or part[0] in _NOT_ALONE):
                continue
            found = _named(part, said)
            place = found.place
            known = place is not None and place.population >= KNOWN_POPULATION
            if place and known and _bears(place, part):
                rest = " ".join([*words[:first], *words[first + length :]])
                return Found(place=place, others=[], unread=" ".join([rest, found.unread]).strip())
    return Found()


# Names that are only close


def _beginning(text: str) -> QuerySet[Commune]:
    return Commune.objects.filter(search_name__startswith=text).order_by("-population", "code")


def _close(said: PlaceText) -> Found:
    """Return names close to the words: some of its words, its first letters, a typo away."""
    name = " ".join(said.words)
    likely = _beginning_so(name) + _a_typo_away(name)
    if said.digits:
        kept, read_all = _narrowed(likely, said) if likely else ([], False)
        likely = kept if read_all else []
    with_words = _with_words(said.words)
    likely = _largest_first(likely + with_words)
    if likely and likely[0].population >= KNOWN_POPULATION:
        return Found(place=likely[0], similar=likely[1:LIMIT], exact=False)
    return Found(similar=_unique(likely + _nearest_names(said.words))[:LIMIT])


def _beginning_so(name: str) -> list[Place]:
    if len(name) < 3:
        return []
    named = [a for key, some in areas.named_areas().items() if key.startswith(name) for a in some]
    return [of_commune(c) for c in _beginning(name)[:LIMIT]] + [of_area(area) for area in named]


def _a_typo_away(name: str) -> list[Place]:
    """Large places whose name is this one but for a typo or two."""
    return [
        place
        for place in _nearest_names(name.split())
        if place.population >= TYPO_POPULATION and within_typo(name, _name(place))
    ]


def _name(place: Place) -> str:
    return search_text(place.label.rpartition(" (")[0])


def _with_words(words: Sequence[str]) -> list[Place]:
    """Places whose name holds all these words in this order: "Chalon Saône", "Billancourt"."""
    if max(len(word) for word in words) < 4 or any(w in _NOT_ALONE for w in words[-1:]):
        return []
    pattern = r".*".join(rf"\m{word}\M" for word in words)
    communes = Commune.objects.filter(search_name__regex=pattern).order_by("-population", "code")
    return [of_commune(commune) for commune in communes[:LIMIT]]


def _nearest_names(words: Sequence[str]) -> list[Place]:
    """The names most like these words, of communes, departments and regions."""
    name = " ".join(words)
    similar = (
        Commune.objects.filter(search_name__trigram_similar=name)
        .annotate(similarity=TrigramSimilarity("search_name", name))
        .filter(similarity__gte=TYPO_SIMILARITY)
        .order_by("-similarity", "-population", "code")
    )
    rows = [of_commune(commune) for commune in similar[:LIMIT]]
    close = [key for key in areas.named_areas() if within_typo(name, key)]
    rows = [of_area(area) for key in close for area in areas.named_areas()[key]] + rows
    unique = {(row.label, row.departments): row for row in rows}
    return sorted(
        unique.values(),
        key=lambda place: not within_typo(name, _name(place)),
    )[:LIMIT]


def _longer_numbers(place: Place, said: PlaceText) -> list[Place]:
    """While "Paris 1" is typed: Paris 10 to 19 too."""
    digits = str(said.number or "")
    return [
        of_arrondissement(one, commune=place.commune)
        for (city, number), one in areas.arrondissements().items()
        if digits and place.commune and city == place.commune.code
        and str(number).startswith(digits) and str(number) != digits
    ]  # fmt: skip


__all__ = ["Found", "Place", "find_place", "look_up", "place_tokens", "suggest_places"]
