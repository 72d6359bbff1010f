"""Patients of the demo and their appointments, copied in bulk."""

import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection, models
from psycopg.types.range import TimestamptzRange

from audit.ids import new_id
from audit.models import SubjectKey
from audit.vault import keys
from audit.vault.sealing import seal_with
from booking.models import Appointment, Patient, PracticePatient
from booking.models.appointment import Channel, Status
from booking.patients.patients import Identity, indexes_of, readable_of, texts_of
from doctolib.demo.names import Names
from practitioners.domain.scheduling import agenda_time, availability
from practitioners.models import Agenda, Practice, Taken, VisitReason

PATIENTS_A_PRACTICE = 40
WEEKS_BEHIND = 3
WEEKS_AHEAD = 6
# What a visit of the demo says of its time and of itself (`_visit`).
TAKEN = ("id", "agenda_id", "visit_reason_id", "period", "seat")
BOOKED = (
    "id", "practice_id", "agenda_id", "visit_reason_id", "patient_id", "taken_id", "starts_at",
    "ends_at", "status", "channel", "created_at",
)  # fmt: skip


def copy_rows(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Insert rows by COPY: many times quicker than INSERT for what the demo needs."""
    fields = model._meta.concrete_fields
    values_of = attrgetter(*(field.attname for field in fields))
    special = [
        (n, field)
        for n, field in enumerate(fields)
        if isinstance(field, models.BinaryField)
        or type(field).pre_save is not models.Field.pre_save
    ]

    def values(row: models.Model) -> list[Any]:
        found = list(values_of(row))
        for n, field in special:
            found[n] = _plain(field, row)
        return found

    _copy(model, fields, map(values, rows))


def copy_values(
    model: type[models.Model], names: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert rows by COPY, given the values of some attributes; the others are as in a new one.

    Half a million instances would take as long to make as PostgreSQL takes to store them.
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    blank = model()
    rest = [field for name, field in fields.items() if name not in names]
    same = tuple(_plain(field, blank) for field in rest)
    _copy(model, [*map(fields.__getitem__, names), *rest], (row + same for row in rows))


def _copy(model: type[models.Model], fields: Iterable[Any], rows: Iterable[Sequence[Any]]) -> None:
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _plain(field: Any, row: models.Model) -> Any:
    value = field.pre_save(row, True)
    if isinstance(field, models.BinaryField):
        return None if value is None else bytes(field.get_prep_value(value))
    return value


def make_patients(
    names: Names, practices: list[Practice], *, now: datetime
) -> dict[uuid.UUID, list[Patient]]:
    """Make and copy patients, sealed each under a data key of its own; by practice."""
    rng = names.rng
    key_rows: list[SubjectKey] = []
    by_practice: dict[uuid.UUID, list[Patient]] = {}
    for practice in practices:
        patients = by_practice[practice.pk] = []
        for _ in range(PATIENTS_A_PRACTICE):
            first, last, sex = names.person()
            born = date(1935, 1, 1) + timedelta(days=rng.randrange(88 * 365))
            identity = Identity(
                first_name=first,
                last_name=last,
                sex=sex,
                birth_date=born,
                phone=names.mobile(),
                email=f"{uuid.UUID(int=rng.getrandbits(128)).hex[:12]}@patients.example",
            )
            patient = Patient(created_at=now, **indexes_of(identity), **readable_of(identity))
            key_row, data_key = keys.new_data_key(patient.pk)
            seal_with(data_key, patient, **texts_of(identity))
            key_rows.append(key_row)
            patients.append(patient)
    everyone = [patient for patients in by_practice.values() for patient in patients]
    copy_rows(SubjectKey, key_rows)
    copy_rows(Patient, everyone)
    PracticePatient.objects.bulk_create(
        [
            PracticePatient(practice_id=practice_id, patient_id=patient.pk, since=now)
            for practice_id, patients in by_practice.items()
            for patient in patients
        ],
        batch_size=5000,
    )
    return by_practice


def fill_agendas(
    rng: random.Random,
    agendas: list[Agenda],
    reasons: dict[uuid.UUID, list[VisitReason]],
    patients: dict[uuid.UUID, list[Patient]],
    *,
    now: datetime,
) -> int:
    """Book the agendas as practices are seen to be booked: full soon, thinner later."""
    since, until = now - timedelta(weeks=WEEKS_BEHIND), now + timedelta(weeks=WEEKS_AHEAD)
    count = 0
    for start in range(0, len(agendas), 200):
        some = agendas[start : start + 200]
        times = agenda_time.load_agenda_times(
            agenda_ids=[agenda.pk for agenda in some], since=since, until=until, now=now
        )
        taken: list[tuple[Any, ...]] = []
        booked: list[tuple[Any, ...]] = []
        for agenda in some:
            busy = rng.uniform(0.45, 0.97)
            people = patients[agenda.practice_id]
            last_end = since
            offers = reasons[agenda.pk]
            main = offers[0]
            for slot in availability.slots_of(times[agenda.pk], main, since, until):
                days = (slot.starts_at - now).total_seconds() / 86400
                share = 0.35 if days < 0 else busy * max(0.08, 1 - max(0.0, days - 3) / 15)
                if slot.starts_at < last_end or rng.random() > share:
                    continue
                reason = rng.choice(offers)
                longest = timedelta(minutes=reason.duration_minutes + reason.buffer_after_minutes)
                if longest > slot.ends_at - slot.starts_at:
                    reason = main
                    longest = (
                        slot.ends_at - slot.starts_at + timedelta(minutes=main.buffer_after_minutes)
                    )
                row, appointment = _visit(
                    rng, agenda, reason, rng.choice(people), slot.starts_at, now=now
                )
                last_end = slot.starts_at + longest
                taken.append(row)
                booked.append(appointment)
        copy_values(Taken, TAKEN, taken)
        copy_values(Appointment, BOOKED, booked)
        count += len(booked)
    return count


def _visit(
    rng: random.Random,
    agenda: Agenda,
    reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    *,
    now: datetime,
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The values of TAKEN and of BOOKED."""
    ends_at = starts_at + timedelta(minutes=reason.duration_minutes)
    busy_until = ends_at + timedelta(minutes=reason.buffer_after_minutes)
    period = TimestamptzRange(starts_at, busy_until)
    taken = (new_id(), agenda.pk, reason.pk, period, 0)
    status = Status.BOOKED
    if ends_at < now:
        status = Status.NO_SHOW if rng.random() < 0.06 else Status.SEEN
    channel = Channel.PATIENT if rng.random() < 0.6 else Channel.PRACTICE
    created_at = min(now, starts_at - timedelta(days=rng.randint(1, 20)))
    booked = (
        new_id(), agenda.practice_id, agenda.pk, reason.pk, patient.pk, taken[0], starts_at,
        ends_at, status, channel, created_at,
    )  # fmt: skip
    return taken, booked
