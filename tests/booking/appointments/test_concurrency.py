"""At least 50 clients over real connections race for the same slots: one wins each."""

import itertools
import threading
import time as time_module
from datetime import UTC, datetime, time, timedelta

import psycopg
import pytest
from django_scopes import scope

from booking.appointments import change, former_time, undo
from booking.appointments.absences import absences
from booking.appointments.book import book
from booking.appointments.change import move
from booking.appointments.values import By, Conditions
from booking.models import Appointment
from booking.models.appointment import Channel
from practitioners.domain.scheduling.reservations import holds, take
from practitioners.models import ResourceUse, Taken
from tests.factories import (
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    make_resource,
    practice_actor,
)
from tests.support.race import race

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # One worker for all of them: each race alone is as many connections as is sensible.
]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
CLIENTS = 56
HALF = timedelta(minutes=30)


def booking(reason, patient, starts_at, now):
    return lambda: book(
        visit_reason=reason,
        starts_at=starts_at,
        patient=patient,
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )


def test_one_wins_each_slot(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    patients = [make_patient() for _ in range(CLIENTS)]
    jobs = [
        booking(reason, patient, NINE + timedelta(minutes=30 * (n % 4)), now)
        for n, patient in enumerate(patients)
    ]
    assert race(jobs) == {"won": 4, "SlotTaken": CLIENTS - 4}
    starts = sorted(Appointment.unscoped.values_list("starts_at", flat=True))
    assert starts == [NINE + timedelta(minutes=30 * n) for n in range(4)]


def test_overlapping_reasons_of_different_lengths(now):
    """Slots that overlap without being equal: a unique index would let them through."""
    agenda = make_agenda()
    short, long = make_reason(agenda), make_reason(agenda, duration_minutes=60)
    make_opening(agenda, short, long)
    patients = [make_patient() for _ in range(CLIENTS)]
    jobs = [
        booking(short if n % 2 else long, patient, NINE + timedelta(minutes=30 * (n % 2)), now)
        for n, patient in enumerate(patients)
    ]
    assert race(jobs) == {"won": 1, "SlotTaken": CLIENTS - 1}


def test_a_session_fills_to_its_capacity_and_no_further(now):
    agenda = make_agenda()
    covid, flu = make_reason(agenda, name="covid"), make_reason(agenda, name="grippe")
    for number, reasons in enumerate([(covid,), (covid, flu), (flu,)], start=1):
        make_opening(
            agenda, *reasons, number=number, slot_minutes=10, capacity=5,
            from_time=time(9), until_time=time(9, 10),
        )  # fmt: skip
    patients = [make_patient() for _ in range(CLIENTS)]
    jobs = [booking(covid if n % 2 else flu, p, NINE, now) for n, p in enumerate(patients)]
    assert race(jobs) == {"won": 15, "SlotTaken": CLIENTS - 15}
    assert len(set(Taken.objects.values_list("seat", flat=True))) == 15


def test_movers_and_bookers_race_without_deadlock(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    first, second = NINE, NINE + timedelta(minutes=30)
    ours = [
        book(visit_reason=reason, starts_at=at, patient=make_patient(), by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now)
        for at in (first, second)
    ]  # fmt: skip

    def moving(appointment, to):
        return lambda: move(
            appointment=appointment,
            starts_at=to,
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
        )

    jobs = [moving(ours[0], second), moving(ours[1], first)]
    outcomes = race(jobs)
    assert outcomes["SlotTaken"] + outcomes["won"] == 2
    taken = sorted(Taken.objects.values_list("period", flat=True))
    assert all(a.upper <= b.lower for a, b in itertools.pairwise(taken))


def test_two_agendas_race_for_two_rooms(now):
    """Everybody has a practitioner of their own; there are two rooms, in both orders."""
    agenda = make_agenda()
    rooms = [make_resource(agenda.practice, pieces=2), make_resource(agenda.practice, pieces=50)]
    jobs = []
    for n in range(CLIENTS // 2):
        other = make_agenda(practice=agenda.practice)
        needs = [room.pk for room in (rooms if n % 2 else rooms[::-1])]
        reason = make_reason(other, needs=needs)
        make_opening(other, reason)
        jobs.append(booking(reason, make_patient(), NINE, now))
    assert race(jobs) == {"won": 2, "ResourceTaken": CLIENTS // 2 - 2}
    assert sorted(
        ResourceUse.objects.filter(resource=rooms[0]).values_list("piece", flat=True)
    ) == [1, 2]


def test_an_absence_that_moves_several_visits_never_waits_in_a_circle(now, monkeypatch):
    """It has taken an agenda's time when somebody who has the rooms wants that time."""
    agenda = make_agenda()
    room = make_resource(agenda.practice)
    plain, needing = make_reason(agenda), make_reason(agenda, needs=[room.pk])
    make_opening(agenda, plain, needing)
    rows = [
        book(visit_reason=reason, starts_at=NINE + n * HALF, patient=make_patient(), by=By(actor=practice_actor(), channel=Channel.PATIENT), now=now)
        for n, reason in enumerate((plain, needing))
    ]  # fmt: skip
    has_moved, real = threading.Event(), change.move

    def move_and_wait(**values):
        moved = real(**values)
        has_moved.set()
        time_module.sleep(0.7)
        return moved

    monkeypatch.setattr(absences.change, "move", move_and_wait)

    def closing():
        with scope(practice=agenda.practice):
            absences.close_time(
                agendas=[agenda], starts_at=NINE, until=NINE + 2 * HALF, label="",
                booked=absences.Booked.MOVE, actor=practice_actor(), now=now,
                moves={rows[0].pk: NINE + 2 * HALF, rows[1].pk: NINE + 3 * HALF},
            )  # fmt: skip

    def wanting():
        has_moved.wait(30)
        booking(needing, make_patient(), NINE + 2 * HALF, now)()

    assert race([closing, wanting]) == {"won": 1, "SlotTaken": 1}
    assert ResourceUse.objects.count() == 1


def test_a_move_that_has_freed_its_time_never_waits_for_who_wants_it(now, monkeypatch):
    agenda = make_agenda()
    room = make_resource(agenda.practice)
    reason = make_reason(agenda, needs=[room.pk])
    make_opening(agenda, reason)
    row = book(
        visit_reason=reason,
        starts_at=NINE,
        patient=make_patient(),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    has_freed, real = threading.Event(), holds.release

    def release_and_wait(taken_id):
        real(taken_id)
        has_freed.set()
        time_module.sleep(0.7)

    monkeypatch.setattr(take, "release", release_and_wait)

    def moving():
        move(
            appointment=row,
            starts_at=NINE + HALF,
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
        )

    def wanting():
        has_freed.wait(30)
        book(
            visit_reason=reason,
            starts_at=NINE,
            patient=make_patient(),
            by=By(actor=practice_actor(), channel=Channel.PRACTICE),
            conditions=Conditions(anywhere=True),
            now=now,
        )

    assert race([moving, wanting]) == {"won": 2}


def test_postgresql_itself_refuses(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    period = (NINE, NINE + timedelta(minutes=30))
    Taken.objects.create(agenda=agenda, visit_reason=reason, period=period, seat=0)
    from django.db import IntegrityError

    with pytest.raises(IntegrityError) as refused:
        Taken.objects.create(
            agenda=agenda,
            visit_reason=reason,
            period=(NINE + timedelta(minutes=29), NINE + timedelta(minutes=59)),
            seat=0,
        )
    assert isinstance(refused.value.__cause__, psycopg.errors.ExclusionViolation)


def test_a_move_sent_many_times_is_one_and_its_former_time_stays_kept(now):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    row = book(
        visit_reason=reason,
        starts_at=NINE,
        patient=make_patient(),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )

    def moving():
        move(
            appointment=row,
            starts_at=NINE + HALF,
            by=By(actor=practice_actor(), channel=Channel.PATIENT),
            now=now,
            undo_within=former_time.UNDO,
            moves_from=NINE,
        )

    found = race([moving] * 8 + [booking(reason, make_patient(), NINE, now) for _n in range(24)])
    assert found["won"] == 1
    assert found["MovedMeanwhile"] == 7
    assert found["SlotTaken"] == 24

    def undoing():
        undo.undo_move(appointment=row, actor=practice_actor(), now=now)

    others = [booking(reason, make_patient(), NINE, now) for _n in range(24)]
    found = race([undoing] * 8 + others)
    assert found["won"] == 1
    assert found["TooLateToUndo"] == 7
    row.refresh_from_db()
    assert (row.starts_at, row.moves) == (NINE, 2)
    assert Taken.objects.get().hold_until is None
