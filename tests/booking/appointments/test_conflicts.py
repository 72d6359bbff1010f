"""Which visits of a patient are in the way of another one: bounds to the instant and to the day."""

from datetime import UTC, datetime, timedelta

import pytest

from booking.appointments.several.conflicts import Kind, Wanted, conflicts, conflicts_of_move
from booking.models import Appointment
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
)
from tests.support.booked import booked

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
DAY = timedelta(days=1)


def make_open_reason(practice=None):
    agenda = make_agenda(practice=practice)
    row = make_reason(agenda)
    for n in range(5):
        make_opening(agenda, row, starts_on=NINE.date() + n * DAY, every_weeks=0)
    return row


@pytest.fixture
def reason():
    return make_open_reason()


@pytest.fixture
def elsewhere():
    """Another practitioner, at another practice."""
    return make_open_reason()


@pytest.fixture
def zoe():
    return make_patient(make_account())


def test_what_is_in_the_way_is_found_and_named_in_one_query(
    reason, zoe, now, django_assert_num_queries
):
    booked(reason, now, patient=zoe, starts_at=NINE)
    wanted = Wanted(
        patient_id=zoe.pk, practitioner_id=reason.agenda.practitioner_id,
        starts_at=NINE + HALF, ends_at=NINE + 2 * HALF,
    )  # fmt: skip
    with django_assert_num_queries(1):
        (found,) = conflicts(wanted=[wanted], seen=Appointment.unscoped.all())
        other = found.other
        assert (other.practice.name, other.visit_reason.name) == (
            reason.agenda.practice.name, reason.name,
        )  # fmt: skip
        assert str(other.agenda.practitioner) == str(reason.agenda.practitioner)


def test_what_is_in_the_way_is_so_to_the_instant(reason, elsewhere, zoe, now):
    instant = timedelta(microseconds=1)
    other = booked(reason, now, patient=zoe, starts_at=NINE)
    near, at_once = Kind.SAME_PRACTITIONER, Kind.SAME_TIME
    for of, starts_at, expected in [
        (reason, NINE - DAY, None),
        (reason, NINE - DAY + instant, near),
        (reason, NINE + DAY - instant, near),
        (reason, NINE + DAY, None),
        (elsewhere, NINE - HALF, None),
        (elsewhere, NINE - HALF + instant, at_once),
        (elsewhere, NINE + HALF - instant, at_once),
        (elsewhere, NINE + HALF, None),
    ]:
        wanted = Wanted(
            patient_id=zoe.pk, practitioner_id=of.agenda.practitioner_id,
            starts_at=starts_at, ends_at=starts_at + HALF,
        )  # fmt: skip
        found = conflicts(wanted=[wanted], seen=Appointment.unscoped.all())
        assert [(each.kind, each.other.pk) for each in found] == (
            [(expected, other.pk)] if expected else []
        )
    later = booked(reason, now, patient=zoe, starts_at=NINE + 3 * DAY)
    found = conflicts_of_move(
        appointment=later, starts_at=NINE + HALF, seen=Appointment.unscoped.all()
    )
    assert [(each.kind, each.other.pk) for each in found] == [(near, other.pk)]


def test_a_day_is_the_practices_own_however_long(zoe, now):
    """In Saint-Pierre-et-Miquelon, where clocks go back on that night and no day of ours ends."""
    far = make_open_reason(practice=make_practice(postcode="97500", time_zone="America/Miquelon"))
    midnight = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    hour = timedelta(hours=1)
    booked(far, now, patient=zoe, starts_at=NINE + 4 * hour)
    for first, second, is_one in [
        (midnight, midnight + 25 * hour - HALF, True),
        (midnight, midnight + 25 * hour, False),
        (midnight - HALF, midnight + 24 * hour, False),
    ]:
        Appointment.unscoped.update(starts_at=first, ends_at=first + HALF)
        wanted = Wanted(
            patient_id=zoe.pk, practitioner_id=far.agenda.practitioner_id,
            starts_at=second, ends_at=second + HALF,
        )  # fmt: skip
        found = conflicts(wanted=[wanted], seen=Appointment.unscoped.all())
        assert [each.kind for each in found] == ([Kind.SAME_PRACTITIONER] if is_one else [])


def test_what_begins_sooner_is_said_first(reason, elsewhere, zoe, now):
    """Whichever was booked first."""
    later = booked(elsewhere, now, patient=zoe, starts_at=NINE + HALF)
    sooner = booked(reason, now, patient=zoe, starts_at=NINE)
    wanted = Wanted(
        patient_id=zoe.pk, practitioner_id=make_agenda().practitioner_id,
        starts_at=NINE, ends_at=NINE + 2 * HALF,
    )  # fmt: skip
    found = conflicts(wanted=[wanted], seen=Appointment.unscoped.all())
    assert [each.other.pk for each in found] == [sooner.pk, later.pk]
    assert conflicts(wanted=[], seen=Appointment.unscoped.all()) == []
    left = conflicts(wanted=[wanted], seen=Appointment.unscoped.all(), leaving=[sooner])
    assert [each.other.pk for each in left] == [later.pk]
