"""A place among other words: an address, a town and its area, a town and one of its quarters."""

from dataclasses import replace

from practitioners.domain.directory import areas
from practitioners.domain.directory.places.place import Place
from practitioners.domain.directory.places.place_found import (
    BEGUN_POPULATION,
    KNOWN_POPULATION,
    Found,
    bears,
)
from practitioners.domain.directory.places.place_names import NOT_ALONE, named
from practitioners.domain.directory.places.place_text import (
    NAMED_BEFORE,
    QUIET,
    STREETS,
    PlaceText,
    spelt_out,
)

_JOINING = ("de", "du", "des", "d", "a", "et", "sur", "en")
_BEFORE_A_STREETS_NAME = ("de", "du", "des", "d", "la", "le", "les", "l", "saint", "st")


def in_address(said: PlaceText) -> Found:
    """Find the town of an address: after the street, or before it; never the street's own name."""
    words = list(said.words)
    street = next(i for i, word in enumerate(words) if word in STREETS)
    whole = named(spelt_out(words), said)
    if whole.place is not None:
        return whole
    first_words = spelt_out(words[:street])
    before = named(first_words, said) if street else Found()
    if before.place and not before.unread and _counts(before.place, first_words):
        return before
    # The street's name has one word at least, so that the rue de Lyon is not in Lyon.
    named_before = street > 0 and words[street - 1] in NAMED_BEFORE
    for first in range(street + (1 if named_before else 2), len(words)):
        town = spelt_out(words[first:])
        if town[0] in _JOINING or words[first - 1] in _BEFORE_A_STREETS_NAME:
            continue
        found = named(town, said)
        if found.place is not None and _counts(found.place, town):
            return found
    return Found()


def _counts(place: Place, words: list[str]) -> bool:
    return bears(place, words) or place.population >= BEGUN_POPULATION


def within_named_area(said: PlaceText) -> Found:
    """Read "Bruz Ille-et-Vilaine" or "Saint-Denis La Réunion": a place, and the area it is in."""
    words = said.words
    for cut in range(1, len(words)):
        for name, area_words in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            for area in areas.areas_called(" ".join(area_words)):
                found = named(name, said, departments=area.departments)
                if found.place is None and len(name) > 1:
                    # "Tours Indre-et-Loire Centre-Val de Loire"
                    found = within_named_area(replace(said, words=name))
                if found.place is not None and _lies_in(found.place, area.departments):
                    return found
    return Found()


def _lies_in(place: Place, departments: tuple[str, ...]) -> bool:
    inside = (place.commune.department,) if place.commune else place.departments
    return set(inside) <= set(departments)


def largest_part(said: PlaceText) -> Found:
    """Read "Paris Convention": the longest, else first, run of words that is a large town's name.

    Words like "nord" or "gare" are no place of their own, and nobody misses them.
    """
    words = said.words
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            part = words[first : first + length]
            if set(part) <= QUIET | NOT_ALONE or max(map(len, part)) < 4:
                continue
            found = named(part, said)
            place = found.place
            known = place is not None and place.population >= KNOWN_POPULATION
            if place and known and bears(place, part):
                rest = [*words[:first], *words[first + length :]]
                return _with_rest(found, place, rest, said)
    return Found()


def _with_rest(found: Found, place: Place, rest: list[str], said: PlaceText) -> Found:
    """Say which words beside the town were not read; a second town is offered: "Tours ou Blois"."""
    while rest and rest[0] in QUIET:
        rest = rest[1:]
    if not rest or _confirmed(found, said):
        return Found(place=place, unread=found.unread)
    other = named(rest, replace(said, postcode="", department="", number=None)).place
    if other and other.population >= KNOWN_POPULATION and bears(other, rest):
        return Found(place=place, similar=[other], unread=found.unread)
    return Found(place=place, unread=" ".join([*rest, found.unread]).strip())


def _confirmed(found: Found, said: PlaceText) -> bool:
    """Whether the postcode written beside a town is its own."""
    commune = found.place.commune if found.place else None
    return bool(commune and said.postcode in commune.postcodes)
