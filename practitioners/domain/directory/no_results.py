"""What to offer where a search finds nobody: nearer and wider places, other reasons, video.

Whatever is offered has been found to lead to somebody, with the filters that its link keeps.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from practitioners.domain.directory import located, search
from practitioners.domain.directory.meaning import Understanding
from practitioners.domain.directory.places.place import Place, of_commune, wider
from practitioners.domain.reference_data import table
from practitioners.domain.scheduling.rules import restrictions
from practitioners.models import Agenda, Practitioner, Specialty

if TYPE_CHECKING:
    from django.db.models import QuerySet

NEAREST = 3
NEAREST_READ = 40
REASONS = 6
SPECIALTIES = 4
# What most people look for: offered where nothing was understood.
USUAL = ("SM54", "P40", "SM38", "SM15", "SM20", "SM40", "P70")


@dataclass(frozen=True, kw_only=True)
class NearestTown:
    """A town where somebody is found, and how far it is."""

    place: Place
    distance_km: float


@dataclass(frozen=True, kw_only=True)
class WaysOut:
    """What would find somebody; `anywhere` is how many there are in the whole directory."""

    nearest: list[NearestTown] = field(default_factory=list)
    wider: list[Place] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    specialties: list[Specialty] = field(default_factory=list)
    video: bool = False
    without_filters: bool = False
    anywhere: int = 0


def ways_out(meant: Understanding, place: Place | None, filters: "search.Filters") -> WaysOut:
    """Look for what would find somebody, each with a bounded query or two."""
    listed = search.about(Agenda.objects.filter(listed=True), meant)
    kept = search.filtered(listed, filters)
    plain = search.Filters(known=filters.known)
    filtered = filters != plain
    return WaysOut(
        nearest=_nearest(kept, place),
        wider=[w for w in wider(place) if located.within(kept, w).exists()] if place else [],
        reasons=_reasons(meant, place, filters),
        specialties=_specialties(meant, place, filters),
        video=not filters.teleconsultation and _by_video(listed, filters),
        without_filters=filtered and located.within(listed, place).exists(),
        anywhere=kept.count(),
    )


def _nearest(agendas: "QuerySet[Agenda]", place: Place | None) -> list[NearestTown]:
    """The towns nearest to the place where somebody is found."""
    if place is None or place.latitude is None or place.longitude is None:
        return []
    far = located.distance(latitude=place.latitude, longitude=place.longitude)
    rows = (
        agendas.filter(practice__latitude__isnull=False, practice__commune__isnull=False)
        .annotate(distance=far)
        .select_related("practice__commune")
        .order_by("distance", "pk")[:NEAREST_READ]
    )
    towns: dict[str, NearestTown] = {}
    for row in rows:
        commune = row.practice.commune
        if commune is not None:
            town = NearestTown(place=of_commune(commune), distance_km=row.distance)
            towns.setdefault(commune.code, town)
    return list(towns.values())[:NEAREST]


def _reasons(meant: Understanding, place: Place | None, filters: "search.Filters") -> list[str]:
    """Other reasons for which somebody of the same specialty can be seen there."""
    if not (filters.reason or meant.reasons):
        return []
    others = replace(filters, reason="")
    without = Understanding(**(meant.__dict__ | {"reasons": ()}))
    agendas = search.filtered(search.about(Agenda.objects.filter(listed=True), without), others)
    few = list(located.within(agendas, place).order_by().values_list("pk", flat=True)[:REASONS])
    names = restrictions.offered().filter(agenda__in=few).exclude(name=filters.reason)
    if filters.teleconsultation:
        names = names.filter(teleconsultation=True)
    return list(names.order_by("name").values_list("name", flat=True).distinct()[:REASONS])


@lru_cache(maxsize=1)
def _related() -> dict[str, tuple[str, ...]]:
    """The specialties that may help where nobody is of one; data/related_specialties.csv."""
    rows = table("related_specialties.csv")
    return {row["code"]: tuple(row["related"].split()) for row in rows}


def _specialties(
    meant: Understanding, place: Place | None, filters: "search.Filters"
) -> list[Specialty]:
    """Specialties near the ones asked for, else the usual ones, of whom somebody is there."""
    asked = [specialty.code for specialty in meant.specialties]
    codes = [near for code in asked for near in _related().get(code, USUAL[:1])]
    codes = [code for code in dict.fromkeys(codes) if code not in asked]
    agendas = search.filtered(Agenda.objects.filter(listed=True), replace(filters, reason=""))
    there = located.within(agendas, place).order_by()
    through = Practitioner.specialties.through.objects.filter(
        specialty__in=[*codes, *USUAL], practitioner__in=there.values("practitioner_id")
    )
    found = set(through.values_list("specialty_id", flat=True).distinct())
    usual = [code for code in USUAL if code in found and code not in asked]
    shown = [code for code in codes if code in found] or usual
    rows = Specialty.objects.in_bulk(shown[:SPECIALTIES])
    return [rows[code] for code in shown[:SPECIALTIES]]


def _by_video(listed: "QuerySet[Agenda]", filters: "search.Filters") -> bool:
    only = replace(filters, reason="", teleconsultation=True)
    return search.filtered(listed, only).exists()
