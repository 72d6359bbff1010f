"""Practices and practitioners of the demo, on real communes and specialties."""

import random
from datetime import date, time, timedelta
from itertools import accumulate

from doctolib.demo.names import PRACTICE_NAMES, PRACTICE_WORDS, STREETS, Names
from practitioners.domain.directory.areas import arrondissements_by_postcode
from practitioners.domain.directory.text import search_text
from practitioners.domain.directory_import.load import ZONES
from practitioners.models import (
    Absence,
    Agenda,
    Commune,
    Opening,
    Practice,
    Practitioner,
    VisitReason,
)

PRACTICES = 600
PRACTITIONERS = 2000
# Departments that must be there whatever the draw: Alsace-Moselle's holidays, overseas zones.
ALWAYS = ["67482", "68224", "57463", "97105", "97411", "97422", "37261", "75056", "69123", "13055"]
SPECIALTIES = {
    "SM54": 30, "P40": 12, "P70": 8, "SM38": 6, "SM15": 6, "SM40": 5, "SM20": 5, "SM04": 5,
    "P50": 4, "SM42": 4, "SM39": 3, "P93": 3, "P91": 3, "P80": 2, "SM48": 2, "SM24": 2, "SM16": 2,
    "SM44": 2, "SM57": 1, "SM32": 1,
}  # fmt: skip
# name, minutes, buffer after, notice in hours, for whom, teleconsultation, price in euros
REASONS = {
    "": [
        ("Première consultation", 30, 0, 2, "new", False, 50),
        ("Consultation de suivi", 20, 0, 1, "known", False, 30),
        ("Téléconsultation", 15, 0, 1, "any", True, 25),
    ],
    "SM54": [
        ("Consultation de médecine générale", 20, 0, 1, "any", False, 30),
        ("Première consultation", 30, 0, 2, "new", False, 30),
        ("Téléconsultation", 15, 0, 1, "known", True, 25),
    ],
    "P40": [
        ("Première consultation dentaire", 30, 5, 12, "new", False, 23),
        ("Contrôle annuel", 20, 5, 12, "any", False, 23),
        ("Détartrage", 30, 10, 24, "any", False, 43),
    ],
    "SM38": [
        ("Bilan de la vue", 20, 0, 4, "any", False, 50),
        ("Fond d’œil", 30, 10, 24, "any", False, 60),
    ],
    "SM15": [
        ("Consultation de dermatologie", 20, 0, 2, "any", False, 50),
        ("Dépistage de grains de beauté", 30, 0, 12, "any", False, 60),
        ("Téléconsultation", 15, 0, 1, "known", True, 40),
    ],
}
COLOURS = ["blue", "green", "violet", "amber", "rose"]
LANGUAGES = ["en", "es", "de", "it", "pt", "ar"]
# Weekly patterns as (weekday, from, until): what practices are seen to keep.
PATTERNS = [
    [(0, 9, 12), (0, 14, 18), (1, 9, 12), (3, 9, 12), (3, 14, 18), (4, 9, 13)],
    [(0, 8, 12), (1, 8, 12), (1, 14, 19), (2, 8, 12), (4, 8, 12), (4, 14, 17)],
    [(1, 9, 12), (1, 14, 18), (2, 9, 12), (3, 14, 19), (5, 9, 12)],
    [(0, 13, 19), (2, 9, 12), (2, 14, 18), (4, 9, 12), (4, 14, 18)],
]


def make_practices(names: Names, count: int = PRACTICES) -> list[Practice]:
    """Make unsaved practices, more of them where more people live; those of ALWAYS first."""
    rng = names.rng
    located = Commune.objects.filter(latitude__isnull=False).order_by("code")
    communes = {commune.code: commune for commune in located}
    weights = list(accumulate(commune.population for commune in communes.values()))
    drawn = rng.choices(list(communes.values()), cum_weights=weights, k=count)
    drawn = ([communes[code] for code in ALWAYS] + drawn[len(ALWAYS) :])[:count]
    practices = []
    for number, commune in enumerate(drawn):
        name = rng.choice(PRACTICE_NAMES).format(rng.choice(PRACTICE_WORDS))
        if number == ALWAYS.index("37261"):
            name = "Maison de santé des Tilleuls"
        spread = 0.01
        postcode = rng.choice(commune.postcodes)
        centre = arrondissements_by_postcode().get(postcode) or commune
        practices.append(
            Practice(
                external_id=f"demo-{number}",
                name=name,
                search_name=search_text(name),
                address=f"{rng.randint(1, 140)} {rng.choice(STREETS)}",
                postcode=postcode,
                town=commune.name,
                commune=commune,
                latitude=(centre.latitude or 0) + rng.uniform(-spread, spread),
                longitude=(centre.longitude or 0) + rng.uniform(-spread, spread),
                time_zone=ZONES.get(commune.department, "Europe/Paris"),
                phone=names.landline(commune.department),
                access_info=rng.choice(
                    ["Interphone, 2e étage avec ascenseur.", "Rez-de-chaussée, parking à 50 m.", ""]
                ),
                step_free=rng.random() < 0.7,
                instructions=rng.choice(
                    ["Pensez à votre carte Vitale et à vos ordonnances en cours.", ""]
                ),
                reminder_hours=[48, 2],
            )
        )
    return practices


def make_practitioners(names: Names, count: int = PRACTITIONERS) -> list[tuple[Practitioner, str]]:
    """Make unsaved practitioners, each with the code of its specialty."""
    rng = names.rng
    codes = rng.choices(list(SPECIALTIES), weights=list(SPECIALTIES.values()), k=count)
    rows = []
    for number, code in enumerate(codes):
        first, last, sex = names.person()
        title = "Dr" if code.startswith("SM") or code == "P40" else ("Mme" if sex == "F" else "M.")
        rows.append(
            (
                Practitioner(
                    national_id=f"8109{number:08d}",
                    title=title,
                    first_name=first,
                    last_name=last,
                    search_name=search_text(f"{first} {last}"),
                    languages=["fr", *sorted(rng.sample(LANGUAGES, rng.choice([0, 0, 1, 1, 2])))],
                    sector=rng.choice(["1", "1", "1", "2", "2O"]) if code.startswith("SM") else "",
                ),
                code,
            )
        )
    return rows


def make_agendas(
    rng: random.Random, practices: list[Practice], people: list[tuple[Practitioner, str]]
) -> list[tuple[Agenda, str]]:
    """Put each practitioner at a practice, some at a second one; the first practices get three."""
    rows: dict[tuple[object, object], tuple[Agenda, str]] = {}
    for number, (person, code) in enumerate(people):
        places = [practices[number % len(practices)]]
        if rng.random() < 0.06:
            places.append(rng.choice(practices))
        for practice in places:
            agenda = Agenda(
                practitioner=person, practice=practice, accepts_new_patients=rng.random() < 0.8
            )
            rows.setdefault((person.pk, practice.pk), (agenda, code))
    return list(rows.values())


def make_reasons(agenda: Agenda, code: str) -> list[VisitReason]:
    """Make the unsaved visit reasons of one agenda."""
    return [
        VisitReason(
            agenda=agenda,
            name=name,
            duration_minutes=minutes,
            buffer_after_minutes=buffer,
            minimum_notice_minutes=notice * 60,
            horizon_days=60,
            patient_kind=kind,
            teleconsultation=tele,
            price_cents=euros * 100,
            colour=COLOURS[number % len(COLOURS)],
        )
        for number, (name, minutes, buffer, notice, kind, tele, euros) in enumerate(
            REASONS.get(code, REASONS[""])
        )
    ]


def make_openings(rng: random.Random, agenda: Agenda, *, monday: date) -> list[Opening]:
    """Make the unsaved openings of one agenda: a weekly pattern, some of it every other week."""
    return [
        Opening(
            agenda=agenda,
            number=number,
            starts_on=monday + timedelta(days=weekday),
            every_weeks=2 if weekday == 5 or rng.random() < 0.08 else 1,
            from_time=time(begins),
            until_time=time(ends),
        )
        for number, (weekday, begins, ends) in enumerate(rng.choice(PATTERNS), start=1)
    ]


def make_absences(rng: random.Random, agenda: Agenda, *, today: date) -> list[Absence]:
    """Make an unsaved week of holidays for some agendas."""
    if rng.random() > 0.25:
        return []
    from practitioners.domain.scheduling.wall_clock import day_bounds

    first = today + timedelta(days=rng.randint(-20, 40))
    zone = agenda.practice.zone
    return [
        Absence(
            agenda=agenda,
            starts_at=day_bounds(first, zone)[0],
            until=day_bounds(first + timedelta(days=rng.randint(1, 9)), zone)[0],
            label="Congés",
        )
    ]
