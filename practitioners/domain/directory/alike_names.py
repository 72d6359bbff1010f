"""People and practices whose names are only close to what was written: typos, parts, particles."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import QuerySet
from django.db.models.functions import Length

from practitioners.domain.directory import name_matches
from practitioners.domain.directory.text import likeness, word_set
from practitioners.models import Agenda, Practice, Practitioner
from practitioners.models.folded import FoldedName

# Enough for a typo to find its name, and bounded however large the directory is.
CANDIDATES = 500
SURNAMES = 50
AT_MOST = 200
PARTICLES = word_set("le la les l de du des d da dos di do van von ben el al o n mc mac saint")


@dataclass(frozen=True, kw_only=True)
class Alike:
    """The nearest names: their rows' ids, nearest first, and how many letters they are away."""

    people: tuple[uuid.UUID, ...] = ()
    practices: tuple[uuid.UUID, ...] = ()
    distance: int = 0

    def __bool__(self) -> bool:
        return bool(self.people or self.practices)


def alike(words: Sequence[str]) -> Alike:
    """Return the listed people and practices whose names are a typo or two from all the words."""
    if len(" ".join(words)) < 3:
        return Alike()
    if rejoined := _rejoined(words):
        return Alike(people=rejoined, distance=1)
    people = _nearest(_people_like(words), words)
    practices = _nearest(_by_trigrams(Practice, words), words)
    far = min([far for far, _ in (*people, *practices)], default=0)
    return Alike(
        people=_listed(Practitioner, [pk for each, pk in people if each == far]),
        practices=_listed(Practice, [pk for each, pk in practices if each == far]),
        distance=far,
    )


def with_a_surname_among(words: Sequence[str]) -> Alike:
    """Return people whose surname is the last or first of several words.

    The first name may have been another. The longest such surname counts: Le Goff, not Goff.
    """
    for length in range(len(words) - 1, 0, -1):
        found: dict[uuid.UUID, None] = {}
        for run in (words[-length:], words[:length]):
            if len(" ".join(run)) < 3 or set(run) <= PARTICLES:
                continue
            rows = with_surname(" ".join(run)).order_by("search_name", "pk")
            found |= dict.fromkeys(rows.values_list("pk", flat=True)[:AT_MOST])
        if people := _listed(Practitioner, list(found)):
            return Alike(people=people)
    return Alike()


def _listed(model: Any, pks: Sequence[uuid.UUID]) -> tuple[uuid.UUID, ...]:
    """Keep the first of those that the directory lists."""
    few = list(pks)[:CANDIDATES]
    key = "practitioner_id" if model is Practitioner else "practice_id"
    rows = (
        Agenda.objects.filter(listed=True, **{f"{key}__in": few}) if few else Agenda.objects.none()
    )
    there = set(rows.values_list(key, flat=True))
    return tuple(pk for pk in few if pk in there)[:AT_MOST]


def with_surname(*surnames: str) -> "QuerySet[Practitioner]":
    """Practitioners with one of these folded surnames."""
    rows = Practitioner.objects.alias(surname=FoldedName("last_name"))
    return rows.filter(surname__in=surnames)


def _rejoined(words: Sequence[str]) -> tuple[uuid.UUID, ...]:
    """Find "legoff" as Le Goff, and "le roux" or "n'guyen" where the name is one word."""
    tries: list[tuple[str, ...]] = []
    if 2 <= len(words) <= 3 and words[0] in PARTICLES:
        tries.append(("".join(words),))
    tries += [
        (word[: len(particle)], word[len(particle) :])
        for word in (words if len(words) == 1 else ())
        for particle in PARTICLES
        if word.startswith(particle) and len(word) > len(particle) + 2
    ]
    for each in tries:
        rows = name_matches.people(each).order_by("search_name", "pk")
        if found := _listed(Practitioner, list(rows.values_list("pk", flat=True)[:CANDIDATES])):
            return found
    return ()


def _people_like(words: Sequence[str]) -> dict[uuid.UUID, str]:
    """People whose surname is like one of the words, and whose name shares letters with them."""
    # "Le Gfof" is like Le Goff as a whole; by its words, it is only like names with "le".
    runs = dict.fromkeys((*words, " ".join(words)))
    surnames = sorted(
        (far, known)
        for word in runs
        for known in _surnames_beginning_like(word)
        if (far := likeness(word, known)) is not None
    )
    near = with_surname(*(known for _, known in surnames[:SURNAMES]))
    rows = near.order_by("pk").values_list("pk", "search_name")[: 4 * CANDIDATES]
    return _by_trigrams(Practitioner, words) | dict(rows)


def _surnames_beginning_like(word: str) -> "QuerySet[Any]":
    """Surnames with the word's first letter and about its length: a typo changes neither much."""
    rows = Practitioner.objects.annotate(surname=FoldedName("last_name"), size=Length("last_name"))
    begun = rows.filter(
        surname__startswith=word[0], size__gte=len(word) - 2, size__lte=len(word) + 2
    )
    return begun.order_by().values_list("surname", flat=True).distinct()


def _by_trigrams(model: Any, words: Sequence[str]) -> dict[uuid.UUID, str]:
    text = " ".join(words)
    rows = model.objects.filter(search_name__trigram_word_similar=text).annotate(
        similarity=TrigramWordSimilarity(text, "search_name")
    )
    nearest = rows.order_by("-similarity", "pk").values_list("pk", "search_name")
    return dict(nearest[:CANDIDATES])


def _nearest(names: dict[uuid.UUID, str], words: Sequence[str]) -> list[tuple[int, uuid.UUID]]:
    """Those in whose name each word is like some word, with how far they are, nearest first."""
    found = []
    for pk, name in names.items():
        known = name.split()
        far = [
            min((f for k in known if (f := likeness(word, k)) is not None), default=None)
            for word in words
        ]
        size, whole = len(words), " ".join(words)
        runs = [" ".join(known[i : i + size]) for i in range(len(known) - size + 1)]
        at_once = min((f for run in runs if (f := likeness(whole, run)) is not None), default=None)
        if None not in far:
            found.append((sum(each for each in far if each is not None), name, pk))
        elif at_once is not None:
            found.append((at_once, name, pk))
    return [(far, pk) for far, _, pk in sorted(found)]
