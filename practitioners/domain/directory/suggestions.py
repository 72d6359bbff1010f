"""Suggestions while somebody types, by the rules of search: exact words, then beginnings."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from practitioners.domain.directory import alike_names, name_matches
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory.titles import without_titles
from practitioners.domain.directory.vocabulary import Vocabulary
from practitioners.domain.scheduling.rules import restrictions
from practitioners.models import Practice, Practitioner, Specialty
from practitioners.models.folded import FoldedName

SPECIALTIES, REASONS, PEOPLE, PRACTICES = 4, 3, 4, 3
REASONS_READ = 200


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """What a few letters may mean. `similar` says that nothing begins so: this is only close."""

    specialties: list[Specialty] = field(default_factory=list)
    practitioners: list[Practitioner] = field(default_factory=list)
    practices: list[Practice] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    similar: bool = False

    def __bool__(self) -> bool:
        return bool(self.specialties or self.practitioners or self.practices or self.reasons)


def matching_specialties(text: str) -> list[Specialty]:
    """Return the specialties that a text may mean: exactly, by its beginning, or but for a typo."""
    tokens = search_text(text).split()
    vocabulary = Vocabulary.current()
    found = _exactly(vocabulary, tokens) or _beginning(vocabulary, tokens)
    return found or vocabulary.of(vocabulary.similar(tokens).concepts)[:8]


def _exactly(vocabulary: Vocabulary, tokens: list[str]) -> list[Specialty]:
    tokens = without_titles(tokens) or tokens
    segments = vocabulary.segment(tokens)
    if segments.rest and name_matches.people(tokens).exists():
        # "Dos Santos" is somebody's name, and no back pain.
        return []
    return vocabulary.of(segments.concepts) if segments.concepts else []


def _beginning(vocabulary: Vocabulary, tokens: list[str]) -> list[Specialty]:
    text = " ".join(tokens)
    return vocabulary.of(vocabulary.beginning(text)) if len(text) > 1 else []


def suggest(text: str) -> Suggestions:
    """Return what the first letters of a search may mean."""
    every = search_text(text).split()
    # A title alone is a wish for a doctor.
    tokens = without_titles(every) or (["medecin"] if every else [])
    name = " ".join(tokens)
    if len(name) < 2:
        return Suggestions()
    people = _people(tokens)
    if people and tokens != every and every:
        return Suggestions(practitioners=people)
    vocabulary = Vocabulary.current()
    if not people and len(tokens) > 1 and vocabulary.segment(tokens).rest:
        # "Dos Snatos": a word of health, and a typo in somebody's name.
        people = _of_names(alike_names.alike(tokens))
    specialties = dict.fromkeys(_exactly(vocabulary, tokens) + _beginning(vocabulary, tokens))
    found = Suggestions(
        specialties=_one_per_label(_of_whom_somebody_is(list(specialties))),
        reasons=_reasons(tokens),
        practitioners=people,
        practices=_named(name_matches.practices(tokens, prefix=True), tokens, PRACTICES),
    )
    return found or _similar(vocabulary, tokens)


def _of_whom_somebody_is(specialties: list[Specialty]) -> list[Specialty]:
    """Leave out those that nobody here has, unless nobody has any: three codes are for GPs."""
    through = Practitioner.specialties.through.objects.filter(specialty_id=OuterRef("pk"))
    codes = [specialty.code for specialty in specialties]
    there = set(
        Specialty.objects.filter(Exists(through), code__in=codes).values_list("code", flat=True)
    )
    return [specialty for specialty in specialties if specialty.code in there] or specialties


def _one_per_label(specialties: list[Specialty]) -> list[Specialty]:
    """Three codes are called "General practice"; one line says it."""
    return list({specialty.label: specialty for specialty in reversed(specialties)}.values())[::-1][
        :SPECIALTIES
    ]


def _reasons(tokens: list[str]) -> list[str]:
    rows = name_matches.reasons([tokens]).filter(
        restrictions.bookable(), agenda__active=True, agenda__listed=True
    )
    names = rows.order_by().values_list("name", flat=True)[:REASONS_READ]
    return sorted(set(names), key=lambda name: (len(name), name))[:REASONS]


def _people(tokens: list[str]) -> list[Practitioner]:
    rows = name_matches.people(tokens, prefix=True).prefetch_related("specialties")
    return _named(rows.alias(surname=FoldedName("last_name")), tokens, PEOPLE, surnames=True)


def _named(
    rows: "QuerySet[Any]", tokens: list[str], limit: int, *, surnames: bool = False
) -> list[Any]:
    """The full name first, then the surname, then any whole word, then beginnings."""
    name = " ".join(tokens)
    exact = Q(search_name=name) | Q(search_name=" ".join([*tokens[1:], tokens[0]]))
    whole = name_matches.holds("search_name", tokens)
    tier = Case(
        When(exact, then=Value(0)),
        *([When(surname=name, then=Value(1))] if surnames else []),
        When(search_name__endswith=f" {name}", then=Value(2)),
        When(whole, then=Value(3)),
        *([When(surname__startswith=name, then=Value(4))] if surnames else []),
        default=Value(5),
        output_field=IntegerField(),
    )
    return list(rows.annotate(tier=tier).order_by("tier", "search_name", "pk")[:limit])


def _similar(vocabulary: Vocabulary, tokens: list[str]) -> Suggestions:
    nearest = vocabulary.similar(tokens)
    names = alike_names.alike(tokens) or alike_names.with_a_surname_among(tokens)
    practices = Practice.objects.filter(pk__in=names.practices)
    return Suggestions(
        specialties=_one_per_label(vocabulary.of(nearest.concepts)),
        practitioners=_of_names(names),
        practices=list(practices.order_by("search_name", "pk")[:PRACTICES]),
        similar=True,
    )


def _of_names(names: alike_names.Alike) -> list[Practitioner]:
    if not names.people:
        return []
    people = Practitioner.objects.filter(pk__in=names.people).prefetch_related("specialties")
    return list(people.order_by("search_name", "pk")[:PEOPLE])
