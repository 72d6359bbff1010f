"""Departments, regions, arrondissements and former communes, read once from our tables."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from practitioners.domain.reference_data import DATA_DIR
from practitioners.domain.text import search_text

PARIS, LYON, MARSEILLE = "75056", "69123", "13055"
CITIES = {"paris": PARIS, "lyon": LYON, "marseille": MARSEILLE}
CITY_NAMES = {PARIS: "Paris", LYON: "Lyon", MARSEILLE: "Marseille"}
ARTICLES = ("le", "la", "les", "l")


@dataclass(frozen=True, kw_only=True)
class Area:
    """A department or a region: the departments in it. `code` is a department's own, else ""."""

    name: str
    code: str
    departments: tuple[str, ...]
    population: int


@dataclass(frozen=True, kw_only=True)
class Arrondissement:
    """One of the 45 arrondissements of Paris, Lyon and Marseille; `city` is the commune's code."""

    code: str
    city: str
    number: int
    postcodes: tuple[str, ...]
    population: int
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True)
class Former:
    """A commune that became part of another one; `commune` is the code of the one it is in."""

    name: str
    department: str
    commune: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA_DIR / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@lru_cache(maxsize=1)
def departments() -> dict[str, Area]:
    """Return the departments by code: "2A", "37", "974"."""
    return {
        row["code"]: Area(
            name=row["name"],
            code=row["code"],
            departments=(row["code"],),
            population=int(row["population"]),
        )
        for row in _rows("departments.csv")
    }


@lru_cache(maxsize=1)
def regions() -> dict[str, Area]:
    """Return the regions by code, those left out that consist of one department."""
    members: dict[str, list[str]] = {}
    for row in _rows("departments.csv"):
        members.setdefault(row["region"], []).append(row["code"])
    return {
        row["code"]: area_of(row["name"], tuple(members[row["code"]]))
        for row in _rows("regions.csv")
        if len(members.get(row["code"], ())) > 1
    }


def area_of(name: str, codes: tuple[str, ...]) -> Area:
    """Return an area of several departments, or of one under another name."""
    people = sum(departments()[code].population for code in codes if code in departments())
    return Area(name=name, code="", departments=codes, population=people)


def region_of(department: str) -> Area | None:
    """Return the region that a department is in; None overseas, where it is one itself."""
    return next((r for r in regions().values() if department in r.departments), None)


@lru_cache(maxsize=1)
def named_areas() -> dict[str, list[Area]]:
    """Return every department and region by its folded name, with and without its article."""
    found: dict[str, list[Area]] = {}
    named = [*regions().values(), *departments().values()]
    for row in _rows("area_names.csv"):
        codes = tuple(row["departments"].split())
        own = departments().get(codes[0]) if len(codes) == 1 else None
        area = own or area_of(row["name"], codes)
        found.setdefault(search_text(row["name"]), []).append(area)
    for area in named:
        name = search_text(area.name)
        found.setdefault(name, []).append(area)
        first, _, rest = name.partition(" ")
        if first in ARTICLES and rest:
            found.setdefault(rest, []).append(area)
    return found


@lru_cache(maxsize=1)
def arrondissements() -> dict[tuple[str, int], Arrondissement]:
    """Return the arrondissements by the code of their commune and their number."""
    return {
        (row["commune"], int(row["number"])): Arrondissement(
            code=row["code"],
            city=row["commune"],
            number=int(row["number"]),
            postcodes=tuple(row["postcodes"].split()),
            population=int(row["population"]),
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
        )
        for row in _rows("arrondissements.csv")
    }


@lru_cache(maxsize=1)
def arrondissements_by_postcode() -> dict[str, Arrondissement]:
    """Return the arrondissements by postcode: 75016 and 75116 are the same one."""
    return {code: one for one in arrondissements().values() for code in one.postcodes}


@lru_cache(maxsize=1)
def former_communes() -> dict[str, list[Former]]:
    """Return the communes that are part of another one today, by folded name."""
    found: dict[str, list[Former]] = {}
    for row in _rows("former_communes.csv"):
        former = Former(name=row["name"], department=row["department"], commune=row["commune"])
        found.setdefault(search_text(row["name"]), []).append(former)
    return found
