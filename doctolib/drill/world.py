"""The practices of a drill: rows in a database of its own, sealed like any other."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from audit.ids import new_id
from audit.models import SubjectKey
from audit.vault import keys
from audit.vault.sealing import seal_with
from booking.accounts import accounts
from booking.models import Account, Appointment, Patient, PracticePatient
from booking.models.appointment import Channel, Status
from booking.patients.patients import Identity, indexes_of, readable_of, texts_of
from doctolib.demo.names import Names
from doctolib.demo.visits import copy_rows
from doctolib.drill.scenario import FIELDS, ZONE, Scenario
from partners.domain.scopes import SCOPES
from partners.models import Credential, Grant, Partner
from practitioners.domain.directory.text import search_text
from practitioners.models import (
    Agenda,
    Membership,
    Practice,
    Practitioner,
    Specialty,
    VisitReason,
)
from practitioners.models.staff import Role

BEHIND, AHEAD = timedelta(days=40), timedelta(days=50)
OPENS, MINUTES_A_VISIT = time(8, 20), 20
# How long before a visit it is booked: most within days, some long ahead.
MEAN_LEAD_DAYS, CANCELLED, RETURNING = 11.0, 0.07, 0.35


@dataclass(kw_only=True, eq=False)
class Installation:
    """One credential, the places it works from, and the grants it has."""

    credential: Credential
    software: str
    network: str
    key: str
    grants: dict[uuid.UUID, Grant] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Desk:
    """One secretary, the place they work at and the browser they use."""

    account: Account
    practice: Practice
    network: str
    key: str


@dataclass(kw_only=True)
class Visits:
    """A drill's appointments, each with the practice that it is at."""

    by_agenda: dict[uuid.UUID, list[Appointment]] = field(default_factory=dict)

    @property
    def all(self) -> list[Appointment]:
        return [row for rows in self.by_agenda.values() for row in rows]

    def at(self, practice_id: uuid.UUID) -> list[Appointment]:
        return [row for row in self.all if row.practice_id == practice_id]


@dataclass(kw_only=True)
class Built:
    """Everything that was made."""

    practices: list[Practice]
    agendas: list[Agenda]
    installations: list[Installation]
    visits: Visits
    desks: list[Desk]
    staff: list[Account]


def build(scenario: Scenario, rng: random.Random, *, with_staff: bool = True) -> Built:
    """Make the practices, their people, their visits of three months, and the software.

    Two people of the team besides, unless the real ones are to do it (`with_staff`).
    """
    names = Names.from_seed(rng.randrange(2**32))
    begins = datetime.combine(scenario.starts, time(), ZONE)
    practices, agendas = _places(scenario, names)
    desks = [desk for practice in practices for desk in _people(scenario, practice, rng)]
    visits = _visits(scenario, names, agendas, rng, begins=begins)
    installations = _software(scenario, practices, agendas, rng, begins=begins)
    staff = [_staff(n) for n in (1, 2)] if with_staff else []
    return Built(
        practices=practices, agendas=agendas, installations=installations, visits=visits,
        desks=desks, staff=staff,
    )  # fmt: skip


def _places(scenario: Scenario, names: Names) -> tuple[list[Practice], list[Agenda]]:
    world = scenario.world
    specialty, _new = Specialty.objects.get_or_create(
        code="SM54", defaults={"name": "Médecine générale", "search_name": "medecine generale"}
    )
    practices, agendas = [], []
    for number in range(1, world.practices + 1):
        name = f"Cabinet d’exercice {number}"
        practice = Practice.objects.create(name=name, search_name=search_text(name))
        practices.append(practice)
        for _ in range(world.agendas):
            first, last, _sex = names.person()
            practitioner = Practitioner.objects.create(
                title="Dr", first_name=first, last_name=last, search_name=search_text(last)
            )
            practitioner.specialties.add(specialty)
            # No patient of a demo is to find it.
            agenda = Agenda.objects.create(
                practice=practice, practitioner=practitioner, listed=False
            )
            VisitReason.objects.create(
                agenda=agenda, name="Consultation", duration_minutes=MINUTES_A_VISIT
            )
            agendas.append(agenda)
    return practices, agendas


def _people(scenario: Scenario, practice: Practice, rng: random.Random) -> list[Desk]:
    """An owner, and the secretaries, who share the practice's network."""
    Membership.objects.create(account=_account(), practice=practice, role=Role.OWNER)
    network = f"198.18.{rng.randrange(100, 200)}.0/24"
    desks = []
    for _ in range(scenario.world.secretaries):
        account = _account()
        Membership.objects.create(account=account, practice=practice, role=Role.SECRETARY)
        key = f"{rng.getrandbits(64):016x}"
        desks.append(Desk(account=account, practice=practice, network=network, key=key))
    return desks


def _account() -> Account:
    return accounts.create_account(
        email=f"{uuid.uuid4().hex}@cabinets.example", password=None, language="fr"
    )


def _staff(number: int) -> Account:
    account = accounts.create_account(
        email=f"equipe{number}-{uuid.uuid4().hex[:8]}@doctolib.example", password=None,
        language="fr",
    )  # fmt: skip
    account.is_staff = True
    account.save(update_fields=["is_staff"])
    return account


def _visits(
    scenario: Scenario, names: Names, agendas: list[Agenda], rng: random.Random, *, begins: datetime
) -> Visits:
    first = (begins - BEHIND).date()
    last = (begins + timedelta(days=scenario.days) + AHEAD).date()
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    quiet = _quiet_days(scenario)
    found = Visits()
    key_rows: list[SubjectKey] = []
    patients: list[Patient] = []
    for agenda in agendas:
        rows = found.by_agenda[agenda.pk] = []
        regulars: list[Patient] = []
        reason = agenda.visit_reasons.get()
        for day in days:
            for starts_at in _starts(day, scenario.world.visits_a_day, quiet, rng):
                if regulars and rng.random() < RETURNING:
                    patient = rng.choice(regulars)
                else:
                    patient, key_row = _patient(names, made_at=begins)
                    regulars.append(patient)
                    patients.append(patient)
                    key_rows.append(key_row)
                rows.append(_visit(agenda, reason, patient, starts_at, rng))
    copy_rows(SubjectKey, key_rows)
    copy_rows(Patient, patients)
    copy_rows(Appointment, found.all)
    links = {(row.practice_id, row.patient_id) for row in found.all}
    PracticePatient.objects.bulk_create(
        [PracticePatient(practice_id=a, patient_id=b, since=begins) for a, b in sorted(links)],
        batch_size=5000,
    )
    return found


def _quiet_days(scenario: Scenario) -> set[date]:
    """Two weeks in the middle of a month of holidays, with few visits and a rush after them."""
    if scenario.month != "holidays":
        return set()
    middle = scenario.starts + timedelta(days=scenario.days // 3)
    return {middle + timedelta(days=n) for n in range(14)}


def _starts(day: date, visits_a_day: int, quiet: set[date], rng: random.Random) -> list[datetime]:
    if day.weekday() == 6:
        return []
    share = 0.85 if day.weekday() < 5 else 0.4
    if day in quiet:
        share *= 0.15
    elif day - timedelta(days=7) in quiet:
        share = 1.0
    opens = datetime.combine(day, OPENS, ZONE)
    return [
        opens + timedelta(minutes=MINUTES_A_VISIT * n)
        for n in range(visits_a_day)
        if rng.random() < share
    ]


def _patient(names: Names, *, made_at: datetime) -> tuple[Patient, SubjectKey]:
    first, last, sex = names.person()
    identity = Identity(
        first_name=first,
        last_name=last,
        sex=sex,
        birth_date=date(1935, 1, 1) + timedelta(days=names.rng.randrange(85 * 365)),
        phone=names.mobile(),
        email=f"{uuid.UUID(int=names.rng.getrandbits(128)).hex[:16]}@patients.example",
    )
    patient = Patient(created_at=made_at, **indexes_of(identity), **readable_of(identity))
    key_row, data_key = keys.new_data_key(patient.pk)
    seal_with(data_key, patient, **texts_of(identity))
    return patient, key_row


def _visit(
    agenda: Agenda, reason: VisitReason, patient: Patient, starts_at: datetime, rng: random.Random
) -> Appointment:
    lead = timedelta(days=rng.expovariate(1 / MEAN_LEAD_DAYS), minutes=30)
    created_at = _in_waking_hours(starts_at - lead, rng)
    is_cancelled = rng.random() < CANCELLED
    return Appointment(
        id=new_id(),
        practice_id=agenda.practice_id,
        practice=agenda.practice,
        agenda=agenda,
        visit_reason=reason,
        patient=patient,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=MINUTES_A_VISIT),
        status=Status.CANCELLED if is_cancelled else Status.BOOKED,
        cancelled_at=created_at + (starts_at - created_at) * rng.random() if is_cancelled else None,
        channel=Channel.PATIENT,
        created_at=created_at,
    )


def _in_waking_hours(at: datetime, rng: random.Random) -> datetime:
    """People book from early until late, and hardly at night."""
    if 7 <= at.hour < 23:
        return at
    return at.replace(hour=7, minute=0) - timedelta(hours=9, minutes=-rng.randrange(120))


def _software(
    scenario: Scenario,
    practices: list[Practice],
    agendas: list[Agenda],
    rng: random.Random,
    *,
    begins: datetime,
) -> list[Installation]:
    partner = vendor("Éditeur d’exercice", rng)
    count = scenario.world.credentials
    made = [
        install(partner, scenario.world.software[n % len(scenario.world.software)], rng)
        for n in range(count)
    ]
    for number, practice in enumerate(practices):
        own = [agenda for agenda in agendas if agenda.practice_id == practice.pk]
        grant(made[number % count], practice, own, at=begins - timedelta(days=200))
    return made


def vendor(name: str, rng: random.Random) -> Partner:
    """One more vendor; of one seed, too, as a team may train twice in the same database."""
    number = f"{rng.getrandbits(32):08x}-{uuid.uuid4().hex[:6]}"
    return Partner.objects.create(name=f"{name} {number}", verified_at=timezone.now())


def install(partner: Partner, software: str, rng: random.Random) -> Installation:
    """One more credential of a partner's, at a network of its own."""
    credential = Credential.objects.create(partner=partner, label=f"Exercice {software}")
    return Installation(
        credential=credential,
        software=software,
        network=f"198.51.{rng.randrange(100, 200)}.0/24",
        key=f"{rng.getrandbits(64):016x}",
    )


def grant(
    installation: Installation, practice: Practice, agendas: list[Agenda], *, at: datetime
) -> Grant:
    """Let an installation reach a practice, since an instant."""
    made = Grant.objects.create(
        credential=installation.credential,
        practice=practice,
        scopes=list(SCOPES),
        fields=list(FIELDS),
    )
    made.agendas.set(agendas)
    Grant.objects.filter(pk=made.pk).update(created_at=at)
    made.created_at = at
    installation.grants[practice.pk] = made
    return made


def poisson(mean: float, rng: random.Random) -> int:
    """Arrivals in a day, by exponential gaps."""
    count, left = 0, rng.expovariate(1)
    while left < mean:
        count += 1
        left += rng.expovariate(1)
    return count
