"""Finding a place. The words decide, digits narrow, and nothing is replaced without saying so.

How a text is taken apart: place_text.py. What bears a name: place_names.py; digits alone:
place_digits.py; addresses and other phrases: place_phrases.py; names that are only close:
place_likeness.py.
"""

from dataclasses import replace

from practitioners.domain.directory import areas, countries
from practitioners.domain.directory.places import place_likeness
from practitioners.domain.directory.places.place import (
    Place,
    of_area,
    of_arrondissement,
    of_commune,
)
from practitioners.domain.directory.places.place_digits import by_digits
from practitioners.domain.directory.places.place_found import (
    BEGUN_POPULATION,
    KNOWN_POPULATION,
    LIMIT,
    Found,
    bears,
    by_code,
)
from practitioners.domain.directory.places.place_names import named, quarters_called
from practitioners.domain.directory.places.place_phrases import (
    in_address,
    largest_part,
    within_named_area,
)
from practitioners.domain.directory.places.place_text import (
    EVERYWHERE,
    HERE,
    PlaceText,
    place_tokens,
    read,
)
from practitioners.domain.directory.text import search_text


def find_place(text: str, *, code: str = "") -> Place | None:
    """Return the place that a form names: a suggestion's code, or the likeliest for a text."""
    return look_up(text, code=code).place


def look_up(text: str, *, code: str = "") -> Found:
    """Return what a text in the field "where" means; `code` is that of a chosen suggestion.

    The code counts only as long as the text is still the suggestion's.
    """
    folded = search_text(text)
    chosen = by_code(code)
    if chosen is not None and folded and folded in search_text(chosen.label):
        return Found(place=chosen)
    if folded in EVERYWHERE or folded in HERE:
        return Found(everywhere=folded in EVERYWHERE, here=folded in HERE)
    said = _read(text)
    if not said.words:
        return by_digits(said)
    if country := countries.abroad(folded):
        # A village may bear its whole name, too: "Suisse", in the Moselle.
        place = look_up_exactly(text)
        is_named = place is not None and bears(place, said.words)
        return Found(place=place if is_named else None, country=country)
    found = _by_words(said)
    if found.unread and found.unread == said.postcode and len(said.postcode) == 4:
        # A spreadsheet took the leading nought of "06000 Nice".
        again = _by_words(replace(said, postcode=f"0{said.postcode}"))
        found = again if not again.unread else found
    return _by_label(found, folded) if text.strip().endswith(")") else found


def _by_label(found: Found, folded: str) -> Found:
    """Take the place whose own label was typed: "Tours (37000)" is all of Tours."""
    for place in (found.place, *found.others):
        if place is not None and folded == search_text(place.label):
            return replace(found, place=place)
        if place is not None and place.commune and folded == search_text(place.commune.label):
            return replace(found, place=of_commune(place.commune))
    return found


def look_up_exactly(text: str, *, begun: bool = False) -> Place | None:
    """Return the place only if the text names it in full: for a place typed beside something.

    With `begun`, the first word of a large town is enough: "dentiste Boulogne". It takes few
    statements, as nothing similar is looked for.
    """
    said = _read(text)
    if not said.words:
        found = by_digits(said)
    elif said.address:
        found = in_address(said)
    else:
        found = _named(said)
        found = found if found.place else within_named_area(said)
    if found.place is None or found.unread:
        return None
    place = found.place
    if said.words and not said.digits:
        full = bears(place, said.words) or bears(place, said.whole) or bool(place.postcodes)
        if not full and not (begun and place.population >= BEGUN_POPULATION):
            return None
    return place


def suggest_places(text: str, *, limit: int = LIMIT) -> list[Place]:
    """Return the places that a few letters or digits may mean, likeliest first."""
    said = _read(text)
    found = look_up(text)
    if found.here or found.everywhere:
        return []
    rows = [found.place] if found.place else []
    rows += found.others
    if not said.digits and said.words and found.exact:
        rows += [of_commune(c) for c in place_likeness.beginning(" ".join(said.words))[:limit]]
        rows = _likeliest_first(rows, found.place)
    if found.place and found.place.kind == "arrondissement" and not said.ordinal:
        rows += _longer_numbers(found.place, said)
    rows += found.similar
    unique = {(place.label, place.code): place for place in rows}
    return list(unique.values())[:limit]


def _likeliest_first(rows: list[Place], named: Place | None) -> list[Place]:
    """Put the largest first: while "mars" is typed, Marseille, and then the Mars so named."""
    if named is None:
        return rows
    others = sorted((row for row in rows if row is not named), key=lambda row: -row.population)
    if named.population >= KNOWN_POPULATION:
        return [named, *others]
    return [*others[:1], named, *others[1:]]


def _longer_numbers(place: Place, said: PlaceText) -> list[Place]:
    """While "Paris 1" is typed: Paris 10 to 19 too."""
    digits = str(said.number or "")
    return [
        of_arrondissement(one, commune=place.commune)
        for (city, number), one in areas.arrondissements().items()
        if digits and place.commune and city == place.commune.code
        and str(number).startswith(digits) and str(number) != digits
    ]  # fmt: skip


def _read(text: str) -> PlaceText:
    return read(text, cities=frozenset(areas.CITIES))


def _named(said: PlaceText) -> Found:
    """What bears the words' name; first with all of them, as "ville" is part of Ville-d'Avray."""
    if said.whole != said.words:
        whole = named(said.whole, replace(said, kind=""))
        if whole.place is not None and bears(whole.place, said.whole) and not whole.unread:
            return whole
    return named(said.words, said)


def _by_words(said: PlaceText) -> Found:
    """Words, narrowed by digits: each way to read them in turn, the strictest first."""
    if said.address:
        found = in_address(said)
        if found.unread:
            # The postcode of an address says more than a word of it.
            found = by_digits(said) if said.postcode else replace(found, unread="")
    else:
        found = _named(said)
        if found.place is not None and not found.unread:
            full = any(
                bears(place, words)
                for place in (found.place, *found.others)
                for words in (said.words, said.whole)
            )
            weigh = place_likeness.with_cities_alike if full else place_likeness.rather_a_city
            return weigh(found, said)
    if found.place is None or found.unread:
        found = _department_begun(said) or found
    if found.place is None:
        found = within_named_area(said)
    if found.place is None and said.kind:
        # "La région de Nantes" is around a town, and no region.
        found = _named(replace(said, kind=""))
    if found.place is None and not said.address:
        found = _almost_or_part(said)
    if found.place is None and said.postcode:
        found = by_digits(said)
        unread = "" if said.address else " ".join(said.words)
        return Found(place=found.place, others=found.others, similar=found.similar, unread=unread)
    if found.place is None and not said.address:
        found = place_likeness.close(said)
    if found.place is None and (quarters := quarters_called(" ".join(said.words))):
        found = replace(found, similar=[*quarters, *found.similar][:LIMIT])
    if found.place is None and not found.similar:
        found = Found(similar=place_likeness.nearest_names(said.words))
    return found


def _department_begun(said: PlaceText) -> Found | None:
    """Read "Seine 76" and "Loire 44": the first word of a department, and its number."""
    code = said.department or (f"{said.number:02d}" if said.number is not None else "")
    department = areas.departments().get(code)
    if department and search_text(department.name).startswith(" ".join(said.words)):
        return Found(place=of_area(department))
    return None


def _almost_or_part(said: PlaceText) -> Found:
    """ "Loire et Cher" is a letter from Loir-et-Cher, and not the Cher with two words too many."""
    name = " ".join(said.words)
    if not said.digits and place_likeness.begins(name):
        # "Saint-Quentin-en-Y" is being typed, and is not Saint-Quentin.
        return Found()
    almost = place_likeness.a_typo_away(name) if len(said.words) > 1 else []
    if almost and not said.digits:
        return Found(place=almost[0], similar=almost[1:], exact=False)
    return largest_part(said)


__all__ = ["Found", "Place", "find_place", "look_up", "look_up_exactly", "place_tokens",
           "suggest_places"]  # fmt: skip
