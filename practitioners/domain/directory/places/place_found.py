"""What a text may mean: the likeliest place, others of the name, and the nearest names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from practitioners.domain.directory import areas
from practitioners.domain.directory.places.place import Place, of_arrondissement, of_commune
from practitioners.domain.directory.text import search_text
from practitioners.models import Commune
from practitioners.models.directory import department_of

LIMIT = 8
# A place this large is known: the words beside its name may be left out.
KNOWN_POPULATION = 10_000
# A place that only begins with the words counts beside something else if it is this large.
BEGUN_POPULATION = 20_000


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a text may mean.

    `place` is None where nothing bears the name. `exact` is False if the place is only the
    nearest name; `unread` are digits or words of the text that do not go with the place.
    `everywhere` and `here` say that no place is named: "en France", "autour de moi". `country` is
    the code of another country of that name, where nobody is of whom the directory knows.
    """

    place: Place | None = None
    others: list[Place] = field(default_factory=list)
    similar: list[Place] = field(default_factory=list)
    exact: bool = True
    unread: str = ""
    everywhere: bool = False
    here: bool = False
    country: str = ""


def commune_of(code: str) -> Commune | None:
    """Return the commune of an INSEE code."""
    return Commune.objects.filter(code=code).first()


def by_code(code: str) -> Place | None:
    """Return the commune or the arrondissement of an INSEE code."""
    if not code:
        return None
    for one in areas.arrondissements().values():
        if one.code == code:
            return of_arrondissement(one, commune=commune_of(one.city))
    commune = commune_of(code)
    return of_commune(commune) if commune else None


def unique(rows: Iterable[Place]) -> list[Place]:
    """Keep one place of each label."""
    return list({(row.label, row.departments): row for row in rows}.values())


def largest_first(rows: Iterable[Place]) -> list[Place]:
    """Sort by population. Paris is the department of the same name, and the one to show."""
    ordered = sorted(rows, key=lambda place: (-place.population, place.label))
    if any(row.commune and row.commune.code == areas.PARIS for row in ordered):
        ordered = [row for row in ordered if row.departments != ("75",)]
    return unique(ordered)


def name_of(place: Place) -> str:
    """Return the folded name of a place, without what its label has in brackets."""
    return search_text(place.label.rpartition(" (")[0] or place.label)


def variants(words: Sequence[str]) -> list[str]:
    """Return the ways to write a name: with and without its article, lez and les."""
    name = " ".join(words)
    rows = [name, *(f"{article} {name}" for article in areas.ARTICLES)]
    if words and words[0] in areas.ARTICLES and len(words) > 1:
        rows.append(" ".join(words[1:]))
    for one, other in (("les", "lez"), ("lez", "les"), ("sous", "sur"), ("sur", "sous")):
        if one in words[1:]:
            rows.append(f" {name} ".replace(f" {one} ", f" {other} ").strip())
    return rows


def bears(place: Place, words: Sequence[str]) -> bool:
    """Whether the place's whole name is these words, not only its first ones."""
    if place.commune is None or place.kind == "arrondissement":
        return True
    names = variants(words)
    return place.commune.search_name in names or name_of(place) in names


def departments_of_postcode(postcode: str) -> tuple[str, ...]:
    """Return the departments that a postcode, or its beginning, may lie in."""
    if postcode.startswith("20"):
        return ("2A", "2B")
    return (postcode[:3],) if postcode[:2] in ("97", "98") else (department_of(postcode),)
