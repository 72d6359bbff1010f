"""A place written in digits alone: a postcode or its beginning, a department's number."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Q

from practitioners.domain.directory import areas
from practitioners.domain.directory.places.place import (
    Place,
    of_area,
    of_arrondissement,
    of_commune,
)
from practitioners.domain.directory.places.place_found import (
    LIMIT,
    Found,
    commune_of,
    departments_of_postcode,
)
from practitioners.domain.directory.places.place_text import PlaceText
from practitioners.models import Commune

POSTCODE = 5
# Written for all of a city, though its post delivers only to arrondissements.
WHOLE_CITIES = {"75000": areas.PARIS, "69000": areas.LYON, "13000": areas.MARSEILLE}


def by_digits(said: PlaceText) -> Found:
    """Return the places of a postcode, a department's number or an arrondissement's alone."""
    if said.number is not None and said.ordinal:
        return _by_arrondissement(said.number)
    if said.number is not None or said.department:
        return _by_department_number(said.department or f"{said.number:02d}")
    if one := areas.arrondissements_by_postcode().get(said.postcode):
        return Found(place=of_arrondissement(one, commune=commune_of(one.city)))
    if not said.postcode:
        return Found()
    if commune := commune_of(WHOLE_CITIES.get(said.postcode, "")):
        return Found(place=of_commune(commune))
    rows = _with_postcode(said.postcode)
    if rows:
        # Of a postcode that is not typed to its end, the largest town is only the likeliest.
        return Found(place=rows[0], others=rows[1:LIMIT], exact=len(said.postcode) == POSTCODE)
    return Found(similar=_largest_in(departments_of_postcode(said.postcode)))


def _by_arrondissement(number: int) -> Found:
    rows = [
        of_arrondissement(one, commune=commune_of(one.city))
        for city in (areas.PARIS, areas.MARSEILLE, areas.LYON)
        if (one := areas.arrondissements().get((city, number)))
    ]
    return Found(place=rows[0], others=rows[1:]) if rows else Found()


def _by_department_number(code: str) -> Found:
    if code == "20":
        return Found(place=of_area(areas.named_areas()["corse"][0]))
    department = areas.departments().get(code)
    if department is None:
        return Found()
    paris = commune_of(areas.PARIS) if code == "75" else None
    return Found(place=of_commune(paris) if paris else of_area(department))


def _with_postcode(digits: str) -> list[Place]:
    if len(digits) == 5:
        communes = Commune.objects.filter(postcodes__contains=[digits])
    else:
        communes = Commune.objects.filter(
            reduce(or_, (Q(code__startswith=d) for d in departments_of_postcode(digits))),
            postcodes__icontains=digits,
        )
    rows = communes.order_by("-population", "code")[: LIMIT + 1]
    return [
        of_commune(c, postcode=digits)
        for c in rows
        if any(code.startswith(digits) for code in c.postcodes)
    ]


def _largest_in(departments: Sequence[str]) -> list[Place]:
    communes = Commune.objects.filter(department__in=departments).order_by("-population", "code")
    return [of_commune(commune) for commune in communes[:4]]
