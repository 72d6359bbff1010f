"""What to offer where a search finds nobody: nearer and wider places, other reasons, video."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from practitioners.domain import located, search
from practitioners.domain.place import Place, of_commune, wider
from practitioners.domain.understood import Understanding
from practitioners.models import Agenda, VisitReason

if TYPE_CHECKING:
    from django.db.models import QuerySet

NEAREST = 3
NEAREST_READ = 40
REASONS = 6


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
        video=not filters.teleconsultation and _by_video(listed, filters),
        without_filters=filtered and located.within(listed, place).exists(),
        anywhere=kept.count() if place else 0,
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
    names = VisitReason.objects.filter(agenda__in=few, active=True).exclude(name=filters.reason)
    return list(names.order_by("name").values_list("name", flat=True).distinct()[:REASONS])


def _by_video(listed: "QuerySet[Agenda]", filters: "search.Filters") -> bool:
    only = search.Filters(teleconsultation=True, known=filters.known)
    return search.filtered(listed, only).exists()
