"""Loading communes and specialties from the project's own tables."""

import csv
from pathlib import Path

from practitioners.domain.text import search_text
from practitioners.models import Commune, Specialty

DATA_DIR = Path(__file__).resolve().parent.parent / "data"


def load_communes() -> int:
    """Load or update every commune; returns how many there are."""
    with (DATA_DIR / "communes.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Commune(
                code=row["code"],
                name=row["name"],
                search_name=search_text(row["name"]),
                department=row["department"],
                region=row["region"],
                postcodes=row["postcodes"].split(),
                population=int(row["population"]),
                latitude=float(row["latitude"]) if row["latitude"] else None,
                longitude=float(row["longitude"]) if row["longitude"] else None,
            )
            for row in csv.DictReader(file)
        ]
    columns = [f.name for f in Commune._meta.fields if f.name != "code"]
    Commune.objects.bulk_create(
        rows,
        batch_size=5000,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=columns,
    )
    return len(rows)


def load_specialties() -> int:
    """Load or update the known professions and specialties; returns how many there are."""
    with (DATA_DIR / "specialties.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Specialty(
                code=row["code"],
                name=row["name"],
                name_en=row["name_en"],
                search_name=search_text(f"{row['name']} {row['words']} {row['name_en']}"),
                is_profession=row["is_profession"] == "1",
            )
            for row in csv.DictReader(file)
        ]
    Specialty.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en", "search_name", "is_profession"],
    )
    return len(rows)
