"""People and practices whose names are only close to what was written: typos, parts, particles."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q, QuerySet

from practitioners.domain import name_matches
from practitioners.domain.text import likeness, word_set
from practitioners.models import Agenda, Practice, Practitioner
from practitioners.models.agenda import FoldedName

# Enough for a typo to find its name, and bounded however large the directory is.
CANDIDATES = 2_000
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
    people = _nearest(_listed(Practitioner), words)
    practices = _nearest(_listed(Practice), words)
    far = min([far for far, _ in (*people, *practices)], default=0)
    return Alike(
        people=tuple(pk for each, pk in people if each == far)[:AT_MOST],
        practices=tuple(pk for each, pk in practices if each == far)[:AT_MOST],
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
            rows = name_matches.among(_listed(Practitioner), run)
            rows = rows.alias(surname=FoldedName("last_name")).filter(surname=" ".join(run))
            found |= dict.fromkeys(
                rows.order_by("search_name", "pk").values_list("pk", flat=True)[:AT_MOST]
            )
        if found:
            return Alike(people=tuple(found)[:AT_MOST])
    return Alike()


def _listed(model: Any) -> "QuerySet[Any]":
    key = "practitioner_id" if model is Practitioner else "practice_id"
    rows: QuerySet[Any] = model.objects.filter(
        pk__in=Agenda.objects.filter(listed=True).values(key)
    )
    return rows


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
        rows = name_matches.among(_listed(Practitioner), each).order_by("search_name", "pk")
        if found := tuple(rows.values_list("pk", flat=True)[:AT_MOST]):
            return found
    return ()


def _nearest(rows: "QuerySet[Any]", words: Sequence[str]) -> list[tuple[int, uuid.UUID]]:
    """Rows of whose name each word is like some word, with the letters that differ."""
    text, longest = " ".join(words), max(words, key=len)
    like = rows.filter(search_name__trigram_word_similar=text).values_list("pk", flat=True)
    begin = name_matches.among(rows, [longest[:2]], prefix=True).values_list("pk", flat=True)
    candidates = rows.filter(Q(pk__in=like) | Q(pk__in=begin)).annotate(
        similarity=TrigramWordSimilarity(text, "search_name")
    )
    nearest = candidates.order_by("-similarity", "pk").values_list("pk", "search_name")
    names = dict(nearest[:CANDIDATES])
    found = []
    for pk, name in names.items():
        known = name.split()
        far = [
            min((f for k in known if (f := likeness(word, k)) is not None), default=None)
            for word in words
        ]
        if None not in far:
            found.append((sum(each for each in far if each is not None), name, pk))
    return [(far, pk) for far, _, pk in sorted(found)]
