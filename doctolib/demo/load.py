"""Loading the demo, step by step, with progress."""

import time
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from audit.record import entries
from audit.record.entries import Channel, system_actor
from doctolib import actions
from doctolib.demo import SEED, accounts, directory, visits
from doctolib.demo.names import Names
from practitioners.domain import reference_data
from practitioners.domain.scheduling import next_slots
from practitioners.models import (
    Absence,
    Agenda,
    Opening,
    Practice,
    Practitioner,
    VisitReason,
)

Say = Callable[[str], None]

# A statement takes 65,535 values at most, and models grow.
BATCH = 1000


def is_loaded() -> bool:
    """Say whether the demo stands in the database."""
    return Practice.objects.filter(external_id="demo-0").exists()


@transaction.atomic
def load(
    *,
    now: datetime,
    say: Say,
    seed: int = SEED,
    practices: int = directory.PRACTICES,
    practitioners: int = directory.PRACTITIONERS,
) -> None:
    """Load the demo in one transaction; the same seed gives the same demo around `now`."""
    began = time.monotonic()

    def step(text: str) -> None:
        say(f"[{time.monotonic() - began:5.1f} s] {text}")

    step("communes and specialties")
    reference_data.load_communes()
    reference_data.load_specialties()
    names = Names.from_seed(seed)
    step("practices and practitioners")
    places = directory.make_practices(names, practices)
    Practice.objects.bulk_create(places, batch_size=BATCH)
    people = directory.make_practitioners(names, practitioners)
    Practitioner.objects.bulk_create([person for person, _ in people], batch_size=BATCH)
    through = Practitioner.specialties.through
    through.objects.bulk_create(
        [through(practitioner_id=person.pk, specialty_id=code) for person, code in people]
    )
    step("agendas, visit reasons and openings")
    agendas, reasons = _make_agendas(names, places, people, now=now)
    step("patients")
    patients = visits.make_patients(names, places, now=now)
    step("appointments")
    count = visits.fill_agendas(names.rng, agendas, reasons, patients, now=now)
    # Without it PostgreSQL takes the tables for empty, and seconds for what comes now.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    step(f"{count} appointments; now the next free slots")
    for start in range(0, len(agendas), 200):
        next_slots.refresh(agenda_ids=[a.pk for a in agendas[start : start + 200]], now=now)
    step("accounts to try")
    tilleuls = places[directory.ALWAYS.index("37261")]
    accounts.make_accounts(names, tilleuls, now=now)
    entries.write(actions.DEMO_LOADED, actor=system_actor(Channel.SHELL), at=now)
    step("done")


def _make_agendas(
    names: Names,
    practices: list[Practice],
    people: list[tuple[Practitioner, str]],
    *,
    now: datetime,
) -> tuple[list[Agenda], dict[uuid.UUID, list[VisitReason]]]:
    rng = names.rng
    today: date = now.date()
    monday = today - timedelta(days=today.weekday(), weeks=visits.WEEKS_BEHIND + 1)
    pairs = directory.make_agendas(rng, practices, people)
    agendas = [agenda for agenda, _ in pairs]
    Agenda.objects.bulk_create(agendas, batch_size=BATCH)
    reasons = {agenda.pk: directory.make_reasons(agenda, code) for agenda, code in pairs}
    VisitReason.objects.bulk_create(
        [r for some in reasons.values() for r in some], batch_size=BATCH
    )
    openings = {a.pk: directory.make_openings(rng, a, monday=monday) for a in agendas}
    Opening.objects.bulk_create([o for some in openings.values() for o in some], batch_size=BATCH)
    through = Opening.visit_reasons.through
    through.objects.bulk_create(
        [
            through(opening_id=opening.pk, visitreason_id=reason.pk)
            for agenda in agendas
            for opening in openings[agenda.pk]
            for reason in reasons[agenda.pk]
        ],
        batch_size=10_000,
    )
    Absence.objects.bulk_create(
        [absence for a in agendas for absence in directory.make_absences(rng, a, today=today)]
    )
    return agendas, reasons
