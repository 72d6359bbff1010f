"""Agendas near a place, or within an area."""

import math
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import ASin, Cos, Power, Radians, Sin, Sqrt

from practitioners.domain.directory.places.places import Place
from practitioners.models import Agenda

RADIUS_KM = 30
EARTH_KM = 6371.0


def within(
    agendas: "QuerySet[Agenda]",
    place: Place | None,
    *,
    named: bool = False,
    origin: Place | None = None,
) -> "QuerySet[Agenda]":
    """Keep what is within RADIUS_KM of a place, or in an area; annotate `distance` in km.

    In an area, or anywhere, the distance is from the `origin` that the reader came from, if known.

    `inside` says that the practice is in the part of a town that the digits named: 75012; for
    somebody sought by name (`named`), that it is in the town itself.
    """
    nowhere: Any = Value(None, output_field=FloatField())
    if place is None or place.departments:
        far = nowhere
        if origin and origin.latitude is not None and origin.longitude is not None:
            far = distance(latitude=origin.latitude, longitude=origin.longitude)
        if place is not None:
            agendas = agendas.filter(_in_departments(place.departments))
        return agendas.annotate(distance=far, inside=Value(True))
    agendas = agendas.annotate(inside=_inside(place, named=named))
    if place.latitude is None or place.longitude is None:
        code = place.commune.code if place.commune else ""
        return agendas.annotate(distance=nowhere).filter(practice__commune_id=code)
    north = RADIUS_KM / 111.0
    east = north / max(0.2, math.cos(math.radians(place.latitude)))
    near = Q(
        practice__latitude__range=(place.latitude - north, place.latitude + north),
        practice__longitude__range=(place.longitude - east, place.longitude + east),
    )
    if place.commune is not None:
        near |= Q(practice__commune_id=place.commune.code)
    return agendas.filter(near).annotate(
        distance=distance(latitude=place.latitude, longitude=place.longitude)
    )


def _inside(place: Place, *, named: bool) -> Any:
    inside = Q(practice__postcode__in=place.postcodes)
    if not place.postcodes:
        if not (named and place.commune):
            return Value(True)
        inside = Q(practice__commune_id=place.commune.code)
    return Case(
        When(inside, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )


def _in_departments(codes: tuple[str, ...]) -> Q:
    """By the commune, and by the postcode where a practice has none."""
    beginnings = [
        part
        for code in codes
        for part in {"2A": ("200", "201"), "2B": ("202", "206")}.get(code, (code,))
    ]
    by_postcode = reduce(or_, (Q(practice__postcode__startswith=part) for part in beginnings))
    return Q(practice__commune__department__in=codes) | (
        Q(practice__commune__isnull=True) & by_postcode
    )


def distance(*, latitude: float, longitude: float) -> "ExpressionWrapper[Any]":
    """The great-circle distance of an agenda's practice in km (haversine formula)."""
    half_north = Sin((Radians(F("practice__latitude")) - Radians(Value(latitude))) / 2)
    half_east = Sin((Radians(F("practice__longitude")) - Radians(Value(longitude))) / 2)
    inner = Power(half_north, 2) + Cos(Radians(Value(latitude))) * Cos(
        Radians(F("practice__latitude"))
    ) * Power(half_east, 2)
    return ExpressionWrapper(Value(2 * EARTH_KM) * ASin(Sqrt(inner)), output_field=FloatField())
