"""Canaries: invented patients whose cancelled visit, long past, no work asks for.

They stand in the lists that software sees, like any other id; the dashboard shows no cancelled
visits. Whoever opens one is going through everything. No change is announced of them, so that
software that follows changes does not come upon them, and incidents do not count them as people.
"""

import random
import uuid
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from faker import Faker

from audit.ids import new_id
from audit.record import entries
from audit.record.entries import system_actor
from audit.vault.sealing import seal
from audit.watch import canaries
from booking import actions
from booking.models import Appointment, Patient
from booking.models.appointment import Channel, Status
from booking.patients.patients import Identity, indexes_of, readable_of, texts_of

# Beyond what practices close or invoice, and what software keeps at hand.
FROM, UNTIL = timedelta(days=180), timedelta(days=60)
# One for so many visits of that time, and none at an agenda that has fewer.
VISITS_A_CANARY = 50
AT_ONCE = 200

_DUE = """
    SELECT agenda_id, visits / %(share)s - canaries FROM (
        SELECT a.agenda_id, count(*) - count(c.subject_id) AS visits,
               count(c.subject_id) AS canaries
        FROM booking_appointment a LEFT JOIN audit_canary c ON c.subject_id = a.patient_id
        WHERE a.starts_at BETWEEN %(since)s AND %(until)s
        GROUP BY 1
    ) AS counted
    WHERE visits / %(share)s > canaries ORDER BY 1 LIMIT %(limit)s
"""
# `changed_in` is not the model's; 1 is before every cursor that anybody has.
_INSERT = """
    INSERT INTO booking_appointment
        (id, practice_id, agenda_id, visit_reason_id, patient_id, starts_at, ends_at, status,
         channel, new_patient, moves, created_at, cancelled_at, changed_in)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, true, 0, %s, %s, 1)
"""


def plant_due(*, now: datetime) -> int:
    """Plant what agendas lack, some at a time; returns how many were planted."""
    bounds = {"since": now - FROM, "until": now - UNTIL}
    with connection.cursor() as cursor:
        cursor.execute(_DUE, bounds | {"share": VISITS_A_CANARY, "limit": AT_ONCE})
        due = [(agenda_id, int(missing)) for agenda_id, missing in cursor.fetchall()]
    rng, faker = random.SystemRandom(), Faker("fr_FR")
    planted = 0
    for agenda_id, missing in due:
        visits = Appointment.unscoped.filter(
            agenda_id=agenda_id, starts_at__range=tuple(bounds.values())
        )
        for visit in visits.order_by("?")[:missing]:
            _plant(visit, _invented(rng, faker), rng=rng, now=now)
            planted += 1
    return planted


@transaction.atomic
def _plant(visit: Appointment, identity: Identity, *, rng: random.Random, now: datetime) -> None:
    """Let somebody have booked the time of this visit before it, and given it up."""
    booked_at = visit.created_at - timedelta(days=rng.uniform(1, 20))
    patient = Patient(created_at=booked_at, **indexes_of(identity), **readable_of(identity))
    seal(patient, **texts_of(identity))
    patient.save(force_insert=True)
    appointment_id = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                appointment_id, visit.practice_id, visit.agenda_id, visit.visit_reason_id,
                patient.pk, visit.starts_at, visit.ends_at, Status.CANCELLED, Channel.PATIENT,
                booked_at, booked_at + (visit.created_at - booked_at) * rng.random(),
            ],
        )  # fmt: skip
    canaries.add(patient.pk, now=now)
    entries.write(actions.CANARY_PLANTED, actor=system_actor(), object_id=appointment_id, at=now)


def _invented(rng: random.Random, faker: Faker) -> Identity:
    faker.seed_instance(rng.getrandbits(64))
    sex = rng.choice("FM")
    first = faker.first_name_female() if sex == "F" else faker.first_name_male()
    return Identity(
        first_name=first,
        last_name=faker.last_name(),
        sex=sex,
        birth_date=date(1940, 1, 1) + timedelta(days=rng.randrange(75 * 365)),
        # The range that ARCEP keeps for fiction: nobody's.
        phone=f"+3363998{rng.randrange(10_000):04d}",
        email=f"{uuid.UUID(int=rng.getrandbits(128)).hex[:12]}@patients.example",
    )
