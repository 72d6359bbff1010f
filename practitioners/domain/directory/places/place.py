"""A place: a commune, an arrondissement, an area, or a position; and what lies around it."""

from dataclasses import dataclass

from django.db.models import Avg
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from practitioners.domain.directory import areas
from practitioners.domain.directory.areas import Area, Arrondissement
from practitioners.models import Commune


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a search looks.

    A commune or an arrondissement (with `postcodes` its own practices come first), an area (whose
    `departments` bound the search), or a position that the reader's browser gave.
    """

    label: str
    latitude: float | None
    longitude: float | None
    commune: Commune | None = None
    postcodes: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    population: int = 0
    code: str = ""
    kind: str = ""


def of_commune(commune: Commune, *, postcode: str = "") -> Place:
    """Return a commune as a place; with one of several postcodes, that part of it comes first."""
    part = postcode if postcode in commune.postcodes and len(commune.postcodes) > 1 else ""
    return Place(
        label=_label(commune, part),
        latitude=commune.latitude,
        longitude=commune.longitude,
        commune=commune,
        postcodes=(part,) if part else (),
        population=commune.population,
        code=commune.code,
        kind="commune",
    )


def _label(commune: Commune, part: str) -> str:
    if part:
        return f"{commune.name} ({part})"
    # A postcode of Paris is that of one arrondissement.
    whole = commune.code in areas.CITY_NAMES
    return f"{commune.name} ({commune.department})" if whole else commune.label


def with_position(place: Place) -> Place:
    """Give a commune without coordinates those of its neighbours by postcode, if any has them."""
    if place.latitude is not None or place.commune is None:
        return place
    neighbours = Commune.objects.filter(
        postcodes__overlap=place.commune.postcodes, latitude__isnull=False
    ).aggregate(latitude=Avg("latitude"), longitude=Avg("longitude"))
    return Place(**(place.__dict__ | neighbours))


def of_area(area: Area) -> Place:
    """Return a department or a region as a place, under its name in the reader's language."""
    name = area.name_en if area.name_en and get_language() == "en" else area.name
    if area.code:
        name = f"{area.name} ({area.code})"
    elif area.region:
        name = _("%(name)s (région)") % {"name": name}
    return Place(
        label=name,
        latitude=None,
        longitude=None,
        departments=area.departments,
        population=area.population,
        kind="area",
    )


def of_arrondissement(one: Arrondissement, *, commune: Commune | None) -> Place:
    """Return an arrondissement as a place."""
    number = f"{one.number}er" if one.number == 1 else f"{one.number}e"
    return Place(
        label=f"{areas.CITY_NAMES[one.city]} {number} ({one.postcodes[0]})",
        latitude=one.latitude,
        longitude=one.longitude,
        commune=commune,
        postcodes=one.postcodes,
        population=one.population,
        code=one.code,
        kind="arrondissement",
    )


def wider(place: Place) -> list[Place]:
    """Return what lies around a place, smaller first: its commune, department and region."""
    if place.departments:
        regions = {areas.region_of(code) for code in place.departments}
        region = next(iter(regions)) if len(regions) == 1 else None
        larger = region and len(region.departments) > len(place.departments)
        return [of_area(region)] if region and larger else []
    if place.commune is None:
        return []
    rows = [of_commune(place.commune)] if place.postcodes else []
    department = areas.departments().get(place.commune.department)
    region = areas.region_of(place.commune.department)
    return rows + [of_area(area) for area in (department, region) if area is not None]
