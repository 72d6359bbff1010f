"""Departments, regions, arrondissements and former communes, read once from our tables."""

from dataclasses import dataclass
from functools import lru_cache

from practitioners.domain.directory.text import search_text
from practitioners.domain.reference_data import table

PARIS, LYON, MARSEILLE = "75056", "69123", "13055"
CITIES = {"paris": PARIS, "lyon": LYON, "marseille": MARSEILLE}
CITY_NAMES = {PARIS: "Paris", LYON: "Lyon", MARSEILLE: "Marseille"}
ARTICLES = ("le", "la", "les", "l")


@dataclass(frozen=True, kw_only=True)
class Area:
    """A department, a region or several departments under one name.

    `code` is a department's own, else "". `region` says that it is or was one, as "Provence" never
    was. `name_en` is empty where English has no other name.
    """

    name: str
    code: str
    departments: tuple[str, ...]
    population: int
    region: bool = False
    name_en: str = ""


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
        for row in table("departments.csv")
    }


@lru_cache(maxsize=1)
def regions() -> dict[str, Area]:
    """Return the regions by code, those left out that consist of one department."""
    members: dict[str, list[str]] = {}
    for row in table("departments.csv"):
        members.setdefault(row["region"], []).append(row["code"])
    return {
        row["code"]: _area_of(row["name"], tuple(members[row["code"]]), region=True)
        for row in table("regions.csv")
        if len(members.get(row["code"], ())) > 1
    }


def _area_of(name: str, codes: tuple[str, ...], *, region: bool) -> Area:
    people = sum(departments()[code].population for code in codes if code in departments())
    english = _english_names().get(codes, "")
    return Area(
        name=name, code="", departments=codes, population=people, region=region, name_en=english
    )


@lru_cache(maxsize=1)
def _english_names() -> dict[tuple[str, ...], str]:
    """The first English name of every area of several departments that has one."""
    names: dict[tuple[str, ...], str] = {}
    for row in table("area_names.csv"):
        codes = tuple(row["departments"].split())
        if row["source"] == "English" and len(codes) > 1:
            names.setdefault(codes, row["name"])
    return names


def region_of(department: str) -> Area | None:
    """Return the region that a department is in; None overseas, where it is one itself."""
    return next((r for r in regions().values() if department in r.departments), None)


@lru_cache(maxsize=1)
def named_areas() -> dict[str, list[Area]]:
    """Return every department and region by its folded names, with and without its article.

    Under a short form or a former or English name stands the same area: IDF is Île-de-France.
    """
    found: dict[str, dict[tuple[str, ...], Area]] = {}
    same = {area.departments: area for area in [*regions().values(), *departments().values()]}
    named = [(area.name, area) for area in same.values()]
    for row in table("area_names.csv"):
        codes = tuple(row["departments"].split())
        region = row["source"].startswith("region")
        if codes not in same:
            same[codes] = _area_of(row["name"], codes, region=region)
        named.append((row["name"], same[codes]))
    for text, area in named:
        name = search_text(text)
        first, _, rest = name.partition(" ")
        for key in {name, rest if first in ARTICLES and rest else name}:
            found.setdefault(key, {}).setdefault(area.departments, area)
    return {name: list(some.values()) for name, some in found.items()}


def areas_called(name: str) -> list[Area]:
    """Return the areas of this folded name, whatever article stands before it: "le var"."""
    first, _, rest = name.partition(" ")
    return named_areas().get(name) or (
        named_areas().get(rest, []) if first in ARTICLES and rest else []
    )


@dataclass(frozen=True, kw_only=True)
class District:
    """Part of a town, or another name of it; `place` is the code of the commune or arrondissement.

    `alone` says that the name needs no town beside it: Montmartre does not, Châtelet does.
    """

    name: str
    place: str
    alone: bool


@lru_cache(maxsize=1)
def districts() -> dict[str, list[District]]:
    """Return the districts by folded name, with and without the article."""
    found: dict[str, list[District]] = {}
    for row in table("district_names.csv"):
        one = District(name=row["name"], place=row["place"], alone=row["alone"] == "yes")
        found.setdefault(search_text(row["name"]), []).append(one)
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
        for row in table("arrondissements.csv")
    }


@lru_cache(maxsize=1)
def arrondissements_by_postcode() -> dict[str, Arrondissement]:
    """Return the arrondissements by postcode: 75016 and 75116 are the same one."""
    return {code: one for one in arrondissements().values() for code in one.postcodes}


@lru_cache(maxsize=1)
def former_communes() -> dict[str, list[Former]]:
    """Return the communes that are part of another one today, by folded name."""
    found: dict[str, list[Former]] = {}
    for row in table("former_communes.csv"):
        former = Former(name=row["name"], department=row["department"], commune=row["commune"])
        found.setdefault(search_text(row["name"]), []).append(former)
    return found
