"""Searching the directory: what, where, filters, and an order by time and distance.

Order and paging come from the next-slot projection in one query; the slots shown inline are
computed for the page's few agendas by the availability function itself. How a query is read:
understood.py; how a place is: places.py; what may be offered to whom: restrictions.py.
"""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from practitioners.domain.directory import located, name_matches, ranking
from practitioners.domain.directory.meaning import SIMILAR, Understanding
from practitioners.domain.directory.places.place import Place, with_position
from practitioners.domain.directory.suggestions import Suggestions, matching_specialties, suggest
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory.understood import understand
from practitioners.domain.scheduling import availability
from practitioners.domain.scheduling.availability import Slot
from practitioners.domain.scheduling.next_slots import mark_stale
from practitioners.domain.scheduling.rules import restrictions
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, VisitReason
from practitioners.models.agenda import PatientKind

PAGE = 10
INLINE_DAYS = 14
INLINE_SLOTS = 6
REASONS_OF = 200
REASONS_AT_MOST = 40
# What a page shows or compares of an agenda beside its own fields.
ANNOTATED = ("distance", "inside", "restricted", "next_at", "next_reason", "tier")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a reader asks for beyond what and where.

    `known` is the answer to whether the practitioner knows the patient already: True, False, or
    None where it was not given.
    """

    reason: str = ""
    teleconsultation: bool = False
    language: str = ""
    new_patients: bool = False
    sector: str = ""
    known: bool | None = None


@dataclass(kw_only=True)
class Hit:
    """One agenda of a results page, with the next real slots of one visit reason.

    `restricted` says that this patient cannot book here; `asks_first` that a slot may be offered
    only after the question whether the practitioner knows the patient.
    """

    agenda: Agenda
    reason: VisitReason | None
    distance_km: float | None
    slots: list[Slot] = field(default_factory=list)
    next_at: datetime | None = None
    restricted: bool = False
    asks_first: bool = False
    reasons: list[VisitReason] = field(default_factory=list)
    named: bool = False

    @property
    def kinds(self) -> list[VisitReason]:
        """The reasons that are not for everybody, but for somebody."""
        return [
            reason
            for reason in self.reasons
            if reason.patient_kind == PatientKind.KNOWN
            or (reason.patient_kind == PatientKind.NEW and self.agenda.accepts_new_patients)
        ]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of results, how the query was understood, and where it looked."""

    hits: list[Hit]
    total: int
    number: int
    understood: Understanding = field(default_factory=Understanding)
    place: Place | None = None

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / PAGE))


def search(
    *,
    what: str,
    place: Place | None,
    filters: Filters,
    order: str,
    page: int,
    now: datetime,
    understood: Understanding | None = None,
    origin: Place | None = None,
) -> Page:
    """Return one page of agendas. `order` is "soonest" or "nearest"; bookable ones come first.

    "soonest" weighs the distance in: see ranking.py. `understood` saves reading `what` again. In a
    wider place the distance is from `origin`, where the reader found nobody.
    """
    meant = understood or understand(what, has_place=place is not None)
    place = place or meant.place
    place = with_position(place) if place else None
    filters = replace(filters, teleconsultation=filters.teleconsultation or meant.video)
    asked = about(Agenda.objects.filter(listed=True), meant)
    agendas = located.within(asked, place, named=bool(meant.words), origin=origin)
    agendas = restrictions.annotate(filtered(agendas, filters), known=filters.known)
    names = None
    if meant.reasons and (place is None or place.departments):
        # Of a whole directory, each row is compared with the few names that the words match.
        names = name_matches.few_names(name_matches.reasons(meant.reasons))
    agendas = _with_next_slots(agendas, meant, filters, names=names, now=now)
    agendas = ranking.order(ranking.annotate(agendas, meant, place), order=order)
    total = agendas.count()
    number = min(max(page, 1), max(1, math.ceil(total / PAGE)))
    hits = _hits(_read(agendas[(number - 1) * PAGE : number * PAGE]), filters, now=now)
    # The projection ordered the page; what it now shows is what was computed just now.
    hits.sort(key=lambda hit: ranking.key(hit.agenda, hit.next_at, order=order))
    return Page(hits=hits, total=total, number=number, understood=meant, place=place)


def _read(ordered: "QuerySet[Agenda]") -> list[Any]:
    """Return the agendas of a page with what was annotated.

    The order is found first: a directory of agendas is not joined to its people and practices for
    the ten that are shown.
    """
    found = list(ordered.values("pk", *ANNOTATED))
    rows = Agenda.objects.select_related("practice", "practitioner")
    rows = rows.prefetch_related("practitioner__specialties")
    agendas = rows.in_bulk([values["pk"] for values in found])
    for values in found:
        agendas[values["pk"]].__dict__ |= {name: values[name] for name in ANNOTATED}
    return [agendas[values["pk"]] for values in found]


def about(agendas: "QuerySet[Agenda]", meant: Understanding) -> "QuerySet[Agenda]":
    """Keep the agendas that a query is about."""
    if meant.anything or (meant.video and not meant.specialties and not meant.words):
        return agendas
    of_specialty = Exists(
        Practitioner.specialties.through.objects.filter(
            practitioner_id=OuterRef("practitioner_id"),
            specialty__in=[specialty.code for specialty in meant.specialties],
        )
    )
    named = Q()
    if meant.people:
        named |= Q(practitioner__in=_people(meant).order_by().values("pk"))
    if meant.practices:
        named |= Q(practice__in=_practices(meant).order_by().values("pk"))
    if meant.both:
        return agendas.filter(of_specialty, named)
    either = named
    if meant.specialties:
        either |= Q(of_specialty)
    if meant.reasons and meant.reasons_widen:
        # Near a place few agendas are asked, each by its own reasons; the database decides.
        reasons = name_matches.reasons(meant.reasons).order_by()
        either |= Q(Exists(reasons.filter(agenda_id=OuterRef("pk"))), active=True)
    return agendas.filter(either) if either else agendas.none()


def _people(meant: Understanding) -> "QuerySet[Any]":
    if meant.level == SIMILAR:
        return Practitioner.objects.filter(pk__in=meant.alike.people)
    return name_matches.people(meant.words, prefix=meant.level == "prefix")


def _practices(meant: Understanding) -> "QuerySet[Any]":
    if meant.level == SIMILAR:
        return Practice.objects.filter(pk__in=meant.alike.practices)
    return name_matches.practices(meant.words, prefix=meant.level == "prefix")


def _with_next_slots(
    agendas: "QuerySet[Agenda]",
    meant: Understanding,
    filters: Filters,
    *,
    names: list[str] | None,
    now: datetime,
) -> "QuerySet[Agenda]":
    """Annotate `next_at` and `next_reason`: of the reason asked for, where an agenda offers it.

    `names`, if given, are the names of the reasons that `meant` asks for.
    """
    slots = NextSlot.objects.filter(
        restrictions.open_to(filters.known, prefix="visit_reason__"),
        agenda_id=OuterRef("pk"),
        bookable_until__gte=now,
        **_reason_lookup(filters, "visit_reason__"),
    ).order_by("starts_at")
    if meant.reasons:
        wanted = name_matches.reasons(meant.reasons).filter(restrictions.bookable())
        asked = slots.filter(visit_reason__in=wanted.filter(agenda_id=OuterRef("agenda_id")))
        if names is not None:
            wanted = restrictions.offered().filter(name__in=names)
            asked = slots.filter(visit_reason__active=True, visit_reason__name__in=names)
        agendas = agendas.annotate(
            offers=Exists(wanted.filter(agenda_id=OuterRef("pk"))),
            asked_at=restrictions.first_of(asked, "starts_at"),
            asked_reason=restrictions.first_of(asked, "visit_reason_id"),
        )
        return agendas.annotate(
            next_at=ranking.either("offers", "asked_at", restrictions.first_of(slots, "starts_at")),
            next_reason=ranking.either(
                "offers", "asked_reason", restrictions.first_of(slots, "visit_reason_id")
            ),
        )
    return agendas.annotate(
        next_at=restrictions.first_of(slots, "starts_at"),
        next_reason=restrictions.first_of(slots, "visit_reason_id"),
    )


def _reason_lookup(filters: Filters, prefix: str) -> dict[str, object]:
    lookup: dict[str, object] = {}
    if filters.reason:
        lookup[f"{prefix}name"] = filters.reason
    if filters.teleconsultation:
        lookup[f"{prefix}teleconsultation"] = True
    return lookup


def filtered(agendas: "QuerySet[Agenda]", filters: Filters) -> "QuerySet[Agenda]":
    """Keep the agendas that the filters let through; an answer in `known` leaves out nobody."""
    if lookup := _reason_lookup(filters, ""):
        reasons = restrictions.offered().filter(agenda_id=OuterRef("pk"), **lookup)
        agendas = agendas.filter(Exists(reasons), active=True)
    if filters.language:
        agendas = agendas.filter(practitioner__languages__contains=[filters.language])
    if filters.new_patients:
        agendas = agendas.filter(accepts_new_patients=True, active=True)
    if filters.sector:
        agendas = agendas.filter(practitioner__sector=filters.sector)
    return agendas


def _hits(agendas: Sequence[Any], filters: Filters, *, now: datetime) -> list[Hit]:
    every: dict[uuid.UUID, list[VisitReason]] = {}
    can_have = VisitReason.objects.filter(~restrictions.never(), agenda__in=agendas, active=True)
    for row in can_have.order_by("name", "pk"):
        every.setdefault(row.agenda_id, []).append(row)
    reasons = {row.pk: row for some in every.values() for row in some}
    shown = {a.pk: reasons.get(a.next_reason) for a in agendas if not a.restricted}
    slots = availability.free_slots_of_many(
        visit_reasons=[reason for reason in shown.values() if reason is not None],
        since=now,
        until=now + timedelta(days=INLINE_DAYS),
        now=now,
    )
    hits = []
    for agenda in agendas:
        reason = shown.get(agenda.pk)
        found = slots.get(reason.pk, []) if reason else []
        if found and found[0].starts_at != agenda.next_at:
            mark_stale(agenda.pk)
        next_at = agenda.next_at if reason else None
        hits.append(
            Hit(
                agenda=agenda,
                reason=reason,
                distance_km=agenda.distance,
                slots=found[:INLINE_SLOTS],
                next_at=found[0].starts_at if found else next_at,
                restricted=agenda.restricted,
                asks_first=restrictions.asks_first(agenda, reason, known=filters.known),
                reasons=every.get(agenda.pk, []),
                named=agenda.tier < ranking.NOT_NAMED,
            )
        )
    return hits


def is_reason_name(name: str) -> bool:
    """Whether some active visit reason has exactly this name."""
    words = search_text(name).split()
    return name_matches.reasons_named(words).filter(name=name).exists()


def reason_names(
    *,
    what: str,
    place: Place | None = None,
    filters: Filters | None = None,
    understood: Understanding | None = None,
) -> list[str]:
    """Return the names of reasons that a results page may be filtered by, in their order.

    They are those of REASONS_OF of its results, whatever reason they are filtered by now: enough
    for a list to choose from, and bounded however large the directory is. Each finds somebody.
    """
    meant = understood or understand(what, has_place=True)
    others = replace(filters or Filters(), reason="")
    others = replace(others, teleconsultation=others.teleconsultation or meant.video)
    place = place or meant.place
    asked = about(Agenda.objects.filter(listed=True, active=True), meant)
    near = located.within(asked, with_position(place) if place else None, named=bool(meant.words))
    few = list(filtered(near, others).order_by().values_list("pk", flat=True)[:REASONS_OF])
    reasons = restrictions.offered().filter(agenda_id__in=few, **_reason_lookup(others, ""))
    names = reasons.order_by("name").values_list("name", flat=True).distinct()
    return list(names[:REASONS_AT_MOST])


__all__ = [
    "Filters", "Hit", "Page", "Suggestions", "about", "filtered", "is_reason_name",
    "matching_specialties", "reason_names", "search", "suggest",
]  # fmt: skip
