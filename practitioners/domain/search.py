"""Searching the directory: what, where, filters, and an order by time or distance.

Order and paging come from the next-slot projection in one query; the slots shown inline are
computed for the page's few agendas by the availability function itself.
"""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import (
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import ASin, Cos, Power, Radians, Sin, Sqrt

from practitioners.domain import availability
from practitioners.domain.availability import Slot
from practitioners.domain.next_slots import mark_stale
from practitioners.domain.places import Place
from practitioners.domain.text import search_text
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, Specialty, VisitReason

PAGE = 10
RADIUS_KM = 30
EARTH_KM = 6371.0
SPECIALTY_SIMILARITY = 0.5
INLINE_DAYS = 14
INLINE_SLOTS = 6


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a reader asks for beyond what and where."""

    reason: str = ""
    teleconsultation: bool = False
    language: str = ""
    new_patients: bool = False
    sector: str = ""


@dataclass(kw_only=True)
class Hit:
    """One agenda of a results page, with the next real slots of one visit reason."""

    agenda: Agenda
    reason: VisitReason | None
    distance_km: float | None
    slots: list[Slot] = field(default_factory=list)
    next_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of results."""

    hits: list[Hit]
    total: int
    number: int

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / PAGE))


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """What a few letters may mean."""

    specialties: list[Specialty]
    practitioners: list[Practitioner]
    practices: list[Practice]


def matching_specialties(text: str) -> list[Specialty]:
    """Return the specialties that a text may mean, likeliest first, allowing for typos."""
    wanted = search_text(text)
    if len(wanted) < 2:
        return []
    return list(
        Specialty.objects.annotate(similarity=TrigramWordSimilarity(wanted, "search_name"))
        .filter(Q(search_name__contains=wanted) | Q(similarity__gte=SPECIALTY_SIMILARITY))
        .order_by("-similarity", "name", "code")[:8]
    )


def suggest(text: str) -> Suggestions:
    """Return what the first letters of a search may mean."""
    wanted = search_text(text)
    if len(wanted) < 2:
        return Suggestions(specialties=[], practitioners=[], practices=[])
    by_name = Q(search_name__contains=wanted) | Q(search_name__trigram_word_similar=wanted)
    return Suggestions(
        specialties=matching_specialties(text)[:4],
        practitioners=list(
            Practitioner.objects.filter(by_name)
            .annotate(similarity=TrigramWordSimilarity(wanted, "search_name"))
            .prefetch_related("specialties")
            .order_by("-similarity", "search_name", "id")[:4]
        ),
        practices=list(
            Practice.objects.filter(by_name)
            .annotate(similarity=TrigramWordSimilarity(wanted, "search_name"))
            .order_by("-similarity", "search_name", "id")[:3]
        ),
    )


def search(
    *,
    what: str,
    place: Place | None,
    filters: Filters,
    order: str,
    page: int,
    now: datetime,
) -> Page:
    """Return one page of agendas. `order` is "soonest" or "nearest"; bookable ones come first."""
    agendas = _located(_about(Agenda.objects.filter(listed=True), what), place)
    agendas = _filtered(agendas, filters)
    next_slots = NextSlot.objects.filter(
        agenda_id=OuterRef("pk"),
        bookable_until__gte=now,
        **_reason_lookup(filters, "visit_reason__"),
    ).order_by("starts_at")
    agendas = agendas.annotate(
        next_at=Subquery(next_slots.values("starts_at")[:1]),
        next_reason=Subquery(next_slots.values("visit_reason_id")[:1]),
    )
    by_time = F("next_at").asc(nulls_last=True)
    bookable_first = F("active").desc()
    if order == "nearest" and place is not None and place.latitude is not None:
        by_distance = F("distance").asc(nulls_last=True)
        agendas = agendas.order_by(bookable_first, by_distance, by_time, "pk")
    else:
        agendas = agendas.order_by(bookable_first, by_time, "pk")
    total = agendas.count()
    number = min(max(page, 1), max(1, math.ceil(total / PAGE)))
    rows = list(
        agendas.select_related("practice", "practitioner").prefetch_related(
            "practitioner__specialties"
        )[(number - 1) * PAGE : number * PAGE]
    )
    hits = _hits(rows, now=now)
    if order != "nearest":
        # The projection ordered the page; what it now shows is what was computed just now.
        hits.sort(key=lambda hit: (not hit.agenda.active, hit.next_at is None, hit.next_at or now))
    return Page(hits=hits, total=total, number=number)


def _about(agendas: QuerySet[Agenda], what: str) -> QuerySet[Agenda]:
    wanted = search_text(what)
    if not wanted:
        return agendas
    specialties = matching_specialties(what)
    named = (
        Q(practitioner__search_name__contains=wanted)
        | Q(practitioner__search_name__trigram_word_similar=wanted)
        | Q(practice__search_name__contains=wanted)
    )
    if specialties:
        of_specialty = Practitioner.specialties.through.objects.filter(
            practitioner_id=OuterRef("practitioner_id"), specialty__in=specialties
        )
        # A word that names a specialty means the specialty, not the people called alike.
        return agendas.filter(Exists(of_specialty))
    return agendas.filter(named)


def _located(agendas: QuerySet[Agenda], place: Place | None) -> QuerySet[Agenda]:
    nowhere = agendas.annotate(distance=Value(None, output_field=FloatField()))
    if place is None:
        return nowhere
    if place.latitude is None or place.longitude is None:
        code = place.commune.code if place.commune else ""
        return nowhere.filter(practice__commune_id=code)
    north = RADIUS_KM / 111.0
    east = north / max(0.2, math.cos(math.radians(place.latitude)))
    box = Q(
        practice__latitude__range=(place.latitude - north, place.latitude + north),
        practice__longitude__range=(place.longitude - east, place.longitude + east),
    )
    if place.commune is not None:
        box |= Q(practice__commune_id=place.commune.code)
    return agendas.filter(box).annotate(distance=_distance(place.latitude, place.longitude))


def _distance(latitude: float, longitude: float) -> "ExpressionWrapper[Any]":
    """The great-circle distance in km (haversine formula)."""
    half_north = Sin((Radians(F("practice__latitude")) - Radians(Value(latitude))) / 2)
    half_east = Sin((Radians(F("practice__longitude")) - Radians(Value(longitude))) / 2)
    inner = Power(half_north, 2) + Cos(Radians(Value(latitude))) * Cos(
        Radians(F("practice__latitude"))
    ) * Power(half_east, 2)
    return ExpressionWrapper(Value(2 * EARTH_KM) * ASin(Sqrt(inner)), output_field=FloatField())


def _reason_lookup(filters: Filters, prefix: str) -> dict[str, object]:
    lookup: dict[str, object] = {}
    if filters.reason:
        lookup[f"{prefix}name"] = filters.reason
    if filters.teleconsultation:
        lookup[f"{prefix}teleconsultation"] = True
    return lookup


def _filtered(agendas: QuerySet[Agenda], filters: Filters) -> QuerySet[Agenda]:
    if lookup := _reason_lookup(filters, ""):
        reasons = VisitReason.objects.filter(agenda_id=OuterRef("pk"), active=True, **lookup)
        agendas = agendas.filter(Exists(reasons))
    if filters.language:
        agendas = agendas.filter(practitioner__languages__contains=[filters.language])
    if filters.new_patients:
        agendas = agendas.filter(accepts_new_patients=True, active=True)
    if filters.sector:
        agendas = agendas.filter(practitioner__sector=filters.sector)
    return agendas


def _hits(agendas: Sequence[Any], *, now: datetime) -> list[Hit]:
    reason_ids = {a.next_reason for a in agendas if a.next_reason}
    reasons: dict[uuid.UUID, VisitReason] = {
        r.pk: r for r in VisitReason.objects.filter(pk__in=reason_ids)
    }
    slots = availability.free_slots_of_many(
        visit_reasons=list(reasons.values()),
        since=now,
        until=now + timedelta(days=INLINE_DAYS),
        now=now,
    )
    hits = []
    for agenda in agendas:
        reason = reasons.get(agenda.next_reason)
        found = slots.get(reason.pk, []) if reason else []
        if found and found[0].starts_at != agenda.next_at:
            mark_stale(agenda.pk)
        hits.append(
            Hit(
                agenda=agenda,
                reason=reason,
                distance_km=agenda.distance,
                slots=found[:INLINE_SLOTS],
                next_at=found[0].starts_at if found else agenda.next_at,
            )
        )
    return hits


def reason_names(*, what: str) -> list[str]:
    """Return the visit-reason names that a results page may be filtered by, commonest first."""
    specialties = matching_specialties(what)
    reasons = VisitReason.objects.filter(active=True, agenda__active=True, agenda__listed=True)
    if specialties:
        reasons = reasons.filter(agenda__practitioner__specialties__in=specialties)
    names = reasons.order_by("name").values_list("name", flat=True).distinct()
    return list(names[:40])
