"""Loading activities in batches: what is new is created, what differs changed, the rest left."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction

from audit.record import entries
from audit.record.entries import Actor
from practitioners import actions
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory_import.lines import (
    Activity,
    BadLine,
    LineReader,
    UnreadableHeader,
    Workplace,
    numbered,
)
from practitioners.models import Agenda, Commune, Practice, Practitioner, Specialty

BATCH = 5000
# Overseas departments and collectivities have zones of their own (IANA time zone database).
ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/Guadeloupe",
    "978": "America/Guadeloupe",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


@dataclass
class Report:
    """What an import did."""

    lines: int = 0
    rejected: int = 0
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    @property
    def is_unchanged(self) -> bool:
        return not (self.created.total() or self.changed.total())


def import_file(
    path: Path,
    *,
    rejects: Path,
    actor: Actor,
    now: datetime,
    progress: Callable[[int, int], None] = lambda lines, bytes_read: None,
) -> Report:
    """Load an extract, streaming it; unusable lines go to `rejects` with number and reason.

    Each batch is a transaction. Of lines that disagree about a practitioner or a workplace the
    first one in the file counts, so a second run changes nothing. `progress` is called with
    lines and bytes read. Raises OSError and UnreadableHeader.
    """
    report = Report()
    loader = _Loader(report)
    batch: list[Activity] = []
    with path.open("rb") as source, rejects.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["line", "reason", "text"])
        lines = numbered(source)
        _, header = next(lines, (1, ""))
        reader = LineReader(header)
        for number, line in lines:
            report.lines += 1
            try:
                batch.append(reader.activity(line))
            except BadLine as reason:
                report.rejected += 1
                writer.writerow([number, reason, line.rstrip("\r\n")])
            if len(batch) >= BATCH:
                loader.load(batch)
                batch = []
                progress(report.lines, source.tell())
        loader.load(batch)
        progress(report.lines, source.tell())
    entries.write(
        actions.DIRECTORY_IMPORTED,
        actor=actor,
        at=now,
        details={"lines": report.lines, "rejected": report.rejected},
    )
    return report


class _Loader:
    def __init__(self, report: Report) -> None:
        self.report = report
        self.seen_people: set[str] = set()
        self.seen_places: set[str] = set()
        self.specialties = {s.code for s in Specialty.objects.only("code")}
        self.by_code: dict[str, Commune] = {}
        self.by_name: dict[tuple[str, str], Commune] = {}
        self.by_department: dict[tuple[str, str], Commune] = {}
        for commune in Commune.objects.order_by("population"):
            self.by_code[commune.code] = commune
            self.by_department[commune.department, commune.search_name] = commune
            for postcode in commune.postcodes:
                self.by_name[postcode, commune.search_name] = commune

    @transaction.atomic
    def load(self, batch: list[Activity]) -> None:
        if not batch:
            return
        self._load_specialties(batch)
        people = self._load_people(batch)
        places = self._load_places(batch)
        self._load_agendas(batch, people, places)

    def _load_specialties(self, batch: list[Activity]) -> None:
        new = {a.specialty_code: a.specialty for a in batch} | {}
        rows = [
            Specialty(
                code=code,
                name=label or code,
                search_name=search_text(label or code),
                is_profession=code.startswith("P"),
            )
            for code, label in new.items()
            if code not in self.specialties
        ]
        Specialty.objects.bulk_create(rows, ignore_conflicts=True)
        self.specialties.update(row.code for row in rows)
        self.report.created["specialties"] += len(rows)

    def _load_people(self, batch: list[Activity]) -> dict[str, Practitioner]:
        first: dict[str, Activity] = {}
        codes: dict[str, set[str]] = defaultdict(set)
        for activity in batch:
            first.setdefault(activity.national_id, activity)
            codes[activity.national_id].add(activity.specialty_code)
        known = {p.national_id or "": p for p in Practitioner.objects.filter(national_id__in=first)}
        new, changed = [], []
        for national_id, activity in first.items():
            if national_id in self.seen_people:
                continue
            self.seen_people.add(national_id)
            values = {
                "title": activity.title,
                "first_name": activity.first_name,
                "last_name": activity.last_name,
                "search_name": search_text(f"{activity.first_name} {activity.last_name}"),
            }
            person = known.get(national_id)
            if person is None:
                person = known[national_id] = Practitioner(national_id=national_id, **values)
                new.append(person)
            elif _assign(person, values):
                changed.append(person)
        Practitioner.objects.bulk_create(new)
        Practitioner.objects.bulk_update(
            changed, ["title", "first_name", "last_name", "search_name"], batch_size=1000
        )
        self.report.created["practitioners"] += len(new)
        self.report.changed["practitioners"] += len(changed)
        through = Practitioner.specialties.through
        existing = set(
            through.objects.filter(practitioner__in=known.values()).values_list(
                "practitioner_id", "specialty_id"
            )
        )
        links = [
            through(practitioner_id=known[national_id].pk, specialty_id=code)
            for national_id, some in codes.items()
            for code in sorted(some)
            if (known[national_id].pk, code) not in existing
        ]
        through.objects.bulk_create(links, ignore_conflicts=True)
        self.report.created["specialties of practitioners"] += len(links)
        return known

    def _load_places(self, batch: list[Activity]) -> dict[str, Practice]:
        first: dict[str, Workplace] = {}
        for activity in batch:
            if activity.workplace is not None:
                first.setdefault(activity.workplace.key, activity.workplace)
        known = {p.external_id or "": p for p in Practice.objects.filter(external_id__in=first)}
        new, changed = [], []
        for key, place in first.items():
            if key in self.seen_places:
                continue
            self.seen_places.add(key)
            values = self._practice_values(place)
            practice = known.get(key)
            if practice is None:
                practice = known[key] = Practice(external_id=key, **values)
                new.append(practice)
            elif _assign(practice, values):
                changed.append(practice)
        Practice.objects.bulk_create(new)
        if changed:
            Practice.objects.bulk_update(changed, list(values), batch_size=1000)
        self.report.created["practices"] += len(new)
        self.report.changed["practices"] += len(changed)
        return known

    def _practice_values(self, place: Workplace) -> dict[str, object]:
        commune = self._commune(place) if place.in_france else None
        return {
            "name": place.name,
            "search_name": search_text(place.name),
            "address": place.address,
            "postcode": place.postcode,
            "town": commune.name if commune else place.town,
            "commune_id": commune.code if commune else None,
            "latitude": commune.latitude if commune else None,
            "longitude": commune.longitude if commune else None,
            "time_zone": ZONES.get(place.postcode[:3], "Europe/Paris"),
            "phone": place.phone,
        }

    def _commune(self, place: Workplace) -> Commune | None:
        name = search_text(place.town)
        # A cedex postcode is no commune's own, but its department is right.
        department = place.postcode[:3] if place.postcode[:2] == "97" else place.postcode[:2]
        return (
            self.by_code.get(place.commune_code)
            or self.by_name.get((place.postcode, name))
            or self.by_name.get((place.postcode, name.rstrip("0123456789 ")))
            or self.by_department.get((department, name.rstrip("0123456789 ")))
        )

    def _load_agendas(
        self, batch: list[Activity], people: dict[str, Practitioner], places: dict[str, Practice]
    ) -> None:
        pairs = {
            (people[a.national_id].pk, places[a.workplace.key].pk)
            for a in batch
            if a.workplace is not None
        }
        existing = set(
            Agenda.objects.filter(practitioner__in={person for person, _ in pairs}).values_list(
                "practitioner_id", "practice_id"
            )
        )
        rows = [
            Agenda(practitioner_id=person, practice_id=practice, active=False)
            for person, practice in sorted(pairs - existing)
        ]
        Agenda.objects.bulk_create(rows)
        self.report.created["agendas"] += len(rows)


def _assign(row: object, values: Mapping[str, object]) -> bool:
    """Set the values that differ, and say whether any did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


__all__ = ["Report", "UnreadableHeader", "import_file"]
