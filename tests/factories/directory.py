from datetime import date, time
from itertools import count

from practitioners.domain.directory.text import search_text
from practitioners.models import (
    Agenda,
    Opening,
    Practice,
    Practitioner,
    Resource,
    Specialty,
    VisitReason,
)

_serial = count(1)


def make_practice(**values: object) -> Practice:
    number = next(_serial)
    defaults: dict[str, object] = {
        "name": f"Cabinet des Tilleuls {number}",
        "address": "12 rue des Tilleuls",
        "postcode": "37000",
        "town": "Tours",
    }
    defaults |= values
    defaults.setdefault("search_name", search_text(str(defaults["name"])))
    return Practice.objects.create(**defaults)


def make_agenda(*, practice: Practice | None = None, **values: object) -> Agenda:
    number = next(_serial)
    specialty, _ = Specialty.objects.get_or_create(
        code="SM54", defaults={"name": "Médecine générale", "search_name": "medecine generale"}
    )
    practitioner = Practitioner.objects.create(
        title="Dr",
        first_name="Camille",
        last_name=f"Martin{number}",
        search_name=search_text(f"Camille Martin{number}"),
    )
    practitioner.specialties.add(specialty)
    return Agenda.objects.create(
        practitioner=practitioner, practice=practice or make_practice(), **values
    )


def make_reason(agenda: Agenda, **values: object) -> VisitReason:
    defaults: dict[str, object] = {
        "name": "Consultation",
        "duration_minutes": 30,
        "minimum_notice_minutes": 0,
        "horizon_days": 60,
    }
    return VisitReason.objects.create(agenda=agenda, **defaults | values)


def make_resource(practice: Practice, **values: object) -> Resource:
    defaults: dict[str, object] = {"name": f"Salle {next(_serial)}"}
    return Resource.objects.create(practice=practice, **defaults | values)


def make_opening(agenda: Agenda, *reasons: VisitReason, **values: object) -> Opening:
    defaults: dict[str, object] = {
        "number": agenda.openings.count() + 1,
        "starts_on": date(2026, 11, 23),
        "from_time": time(9),
        "until_time": time(12),
    }
    opening = Opening.objects.create(agenda=agenda, **defaults | values)
    opening.visit_reasons.set(reasons)
    return opening
