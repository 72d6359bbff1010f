"""People whose names resemble specialties, in real communes."""

from datetime import UTC, datetime, timedelta

import pytest

from practitioners.domain import reference_data
from practitioners.domain.directory.places.places import look_up
from practitioners.domain.directory.search import Filters, search
from practitioners.domain.directory.text import search_text
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, VisitReason
from tests.factories import make_practice, make_reason

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


# Town, postcode, latitude, longitude
PLACES = {
    "Paris": ("75056", "75012", 48.84, 2.39), "Paris 15": ("75056", "75015", 48.841, 2.30),
    "Lyon": ("69123", "69003", 45.76, 4.85), "Tours": ("37261", "37000", 47.39, 0.69),
    "Rennes": ("35238", "35000", 48.11, -1.68), "Nanterre": ("92050", "92000", 48.89, 2.2),
}  # fmt: skip


# Title, first name, last name, specialty, where
PEOPLE = [
    ("Dr", "Cécile", "Rey", "SM15", "Paris"), ("Dr", "Cécile", "Vincent", "SM40", "Paris"),
    ("Dr", "Paul", "Rey", "SM04", "Lyon"), ("Dr", "Anne", "Denis", "SM42", "Paris"),
    ("Dr", "Denis", "Moreau", "SM54", "Paris"), ("Dr", "Luc", "Carre", "SM44", "Lyon"),
    ("Dr", "Marie", "Faure", "SM20", "Tours"), ("Dr", "Jean", "Le Roux", "SM54", "Rennes"),
    ("Dr", "Zoé", "Roux", "P40", "Tours"), ("Dr", "Léa", "Dos", "SM39", "Tours"),
    ("Mme", "Julie", "Berger", "P93", "Paris 15"), ("M.", "Hugo", "Petit", "P70", "Tours"),
    ("Dr", "Rose", "Lambert", "SM38", "Paris"), ("Dr", "Max", "Garnier", "SM48", "Paris"),
    ("Dr", "Eva", "Marchand", "SM57", "Lyon"), ("Mme", "Inès", "Colin", "P50", "Tours"),
    ("Mme", "Ana", "Da Costa", "P95", "Lyon"), ("Mme", "Eve", "Noël", "P60", "Tours"),
    ("Mme", "Lou", "Caron", "P91", "Tours"), ("M.", "Éric", "Gaillard", "P80", "Tours"),
    ("Dr", "Martin", "Lopez", "SM16", "Tours"), ("Dr", "Nina", "Martin", "SM24", "Nanterre"),
    ("Dr", "Guy", "Paris", "SM54", "Tours"),
]  # fmt: skip


REASONS = {"P40": "Détartrage", "SM54": "Vaccination", "SM20": "Frottis", "SM38": "Fond d’œil"}


@pytest.fixture(autouse=True)
def directory(real_communes):
    """People whose names resemble specialties, each with a reason anybody may book."""
    reference_data.load_specialties()
    practices = {
        name: make_practice(
            name=f"Cabinet {search_text(name)} {postcode}", commune_id=code, postcode=postcode,
            town=name.split()[0], latitude=latitude, longitude=longitude,
        )
        for name, (code, postcode, latitude, longitude) in PLACES.items()
    }  # fmt: skip
    for title, first, last, code, where in PEOPLE:
        agenda = listed(title, first, last, code, practices[where])
        free(make_reason(agenda, name=REASONS.get(code, "Consultation")), hours=24)


def listed(title: str, first: str, last: str, code: str, practice: Practice) -> Agenda:
    person = Practitioner.objects.create(
        title=title, first_name=first, last_name=last, search_name=search_text(f"{first} {last}")
    )
    person.specialties.set([code])
    return Agenda.objects.create(practitioner=person, practice=practice)


def free(reason: VisitReason, *, hours: float) -> None:
    """Say in the projection that the reason's next slot is so many hours from now."""
    at = NOW + timedelta(hours=hours)
    NextSlot.objects.create(
        visit_reason=reason, agenda=reason.agenda, starts_at=at, bookable_until=at, computed_at=NOW
    )


def found(what, where="", **filters):
    place = look_up(where).place if where else None
    return search(
        what=what, place=place, filters=Filters(**filters), order="soonest", page=1, now=NOW
    )
