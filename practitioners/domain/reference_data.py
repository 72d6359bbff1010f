"""Loading communes and specialties from the project's own tables."""

import csv
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction

from practitioners.domain.directory.text import search_text
from practitioners.models import Commune, Specialty

DATA_DIR = Path(__file__).resolve().parent.parent / "data"


def table(name: str) -> Iterator[dict[str, str]]:
    """Read one of the project's own tables, a row at a time."""
    with (DATA_DIR / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


_UPSERT = """
    INSERT INTO practitioners_commune ({columns}) SELECT {columns} FROM incoming_commune
    ON CONFLICT (code) DO UPDATE SET {updates}
"""


@transaction.atomic
def load_communes() -> int:
    """Load or update every commune; returns how many there are."""
    fields = list(Commune._meta.concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    updates = ", ".join(
        f'"{field.column}" = excluded."{field.column}"' for field in fields if field.name != "code"
    )
    count = 0
    # By COPY: 35,000 rows with an INSERT's parameters take several times as long.
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE incoming_commune (LIKE practitioners_commune)")
        with cursor.copy(f"COPY incoming_commune ({columns}) FROM STDIN") as copy:
            for row in _communes():
                copy.write_row([getattr(row, field.attname) for field in fields])
                count += 1
        cursor.execute(_UPSERT.format(columns=columns, updates=updates))
        cursor.execute("DROP TABLE incoming_commune")
    return count


def _communes() -> Iterator[Commune]:
    for row in table("communes.csv"):
        yield Commune(
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


def load_specialties() -> int:
    """Load or update the known professions and specialties; returns how many there are."""
    rows = [
        Specialty(
            code=row["code"],
            name=row["name"],
            name_en=row["name_en"],
            search_name=search_text(f"{row['name']} {row['words']} {row['name_en']}"),
            is_profession=row["is_profession"] == "1",
        )
        for row in table("specialties.csv")
    ]
    Specialty.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en", "search_name", "is_profession"],
    )
    return len(rows)
