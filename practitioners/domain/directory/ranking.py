"""The order of results.

What was written comes first, then time and distance together: each kilometre counts as
HOURS_PER_KM of waiting. Where somebody is free an hour sooner 12 km further away, the nearer one
comes first; where they are free two days sooner, they do. Two hours are our choice: going 12 km
further and back is an hour on the road, and a day sooner is worth that to most people.
"""

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Extract

from practitioners.domain.directory import name_matches
from practitioners.domain.directory.meaning import EXACT, SIMILAR, Understanding
from practitioners.domain.directory.places.places import Place
from practitioners.models import Agenda, Practitioner
from practitioners.models.folded import FoldedName

HOURS_PER_KM = 2.0
NEVER = float("inf")
# Tiers of a name: the full name, the surname, part of a surname ("Roux" of Le Roux), another word
# of the name, a practice's whole name, part of it. Then the reason asked for, the specialty for
# it, and others that see people for it too.
FULL_NAME, SURNAME, SURNAME_PART, GIVEN_NAME, PRACTICE, IN_PRACTICE, NOT_NAMED = range(7)
OFFERS, SPECIALTY, SECOND_SPECIALTY = NOT_NAMED, NOT_NAMED + 1, NOT_NAMED + 2


def either(flag: str, then: str, otherwise: Any) -> Case:
    """One expression where a flag is set, and another one where it is not."""
    return Case(When(**{flag: True}, then=F(then)), default=otherwise)


def annotate(
    agendas: "QuerySet[Agenda]", meant: Understanding, place: Place | None
) -> "QuerySet[Agenda]":
    """Annotate `tier` (how well a row is what was written) and `cost` (time and distance, in s).

    The cost is null where no slot is known. It names `next_at` once: each time is a look-up a row.
    """
    wait = Extract("next_at", "epoch", output_field=FloatField())
    cost = wait + Coalesce(F("distance"), Value(0.0)) * Value(HOURS_PER_KM * 3600)
    if meant.words and meant.people:
        agendas = agendas.alias(surname=FoldedName("practitioner__last_name"))
    return agendas.annotate(
        tier=_tier(meant),
        cost=ExpressionWrapper(cost, output_field=FloatField()),
    )


def _tier(meant: Understanding) -> Any:
    rules = []
    if meant.words and meant.level == EXACT:
        rules = _name_tiers(meant.words, people=meant.people, practices=meant.practices)
    if meant.level == SIMILAR and meant.alike.people:
        # A name and a specialty that are equally close: the people first, as for exact words.
        rules.append(When(practitioner__in=meant.alike.people, then=Value(SURNAME)))
    if meant.reasons:
        rules.append(When(offers=True, then=Value(OFFERS)))
    if meant.second:
        leading = [s.code for s in meant.specialties if s not in meant.second]
        of_leading = Practitioner.specialties.through.objects.filter(
            practitioner_id=OuterRef("practitioner_id"), specialty__in=leading
        )
        rules.append(When(Exists(of_leading), then=Value(SPECIALTY)))
    if not rules:
        return Value(SPECIALTY, output_field=IntegerField())
    return Case(*rules, default=Value(SECOND_SPECIALTY), output_field=IntegerField())


def _name_tiers(words: tuple[str, ...], *, people: bool, practices: bool) -> list[When]:
    name = " ".join(words)
    rules = []
    if people:
        turned = " ".join([*words[1:], words[0]]), " ".join([words[-1], *words[:-1]])
        whole = Q(practitioner__search_name__in={name, *turned})
        rules += [
            When(whole, then=Value(FULL_NAME)),
            When(surname=name, then=Value(SURNAME)),
            When(practitioner__search_name__endswith=f" {name}", then=Value(SURNAME_PART)),
            When(name_matches.holds("practitioner__search_name", words), then=Value(GIVEN_NAME)),
        ]
    if practices:
        rules += [
            When(practice__search_name=name, then=Value(PRACTICE)),
            When(name_matches.holds("practice__search_name", words), then=Value(IN_PRACTICE)),
        ]
    return rules


def order(agendas: "QuerySet[Agenda]", *, order: str) -> "QuerySet[Agenda]":
    """Order by what `key` says, in the database."""
    first: list[Any] = ["restricted", "tier", F("active").desc(), F("inside").desc()]
    by_cost = F("cost").asc(nulls_last=True)
    if order == "nearest":
        return agendas.order_by(*first, F("distance").asc(nulls_last=True), by_cost, "pk")
    return agendas.order_by(*first, by_cost, "pk")


def key(agenda: Any, next_at: datetime | None, *, order: str) -> tuple[Any, ...]:
    """The same order for one row of a page, with the slot that was found just now."""
    first = (agenda.restricted, agenda.tier, not agenda.active, not agenda.inside)
    at = next_at.timestamp() if next_at else NEVER
    if order == "nearest":
        far = agenda.distance if agenda.distance is not None else NEVER
        return (*first, far, at, str(agenda.pk))
    return (*first, at + (agenda.distance or 0.0) * HOURS_PER_KM * 3600, str(agenda.pk))
