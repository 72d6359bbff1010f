"""Which reason the agenda gives for an identity that software opens: bounds to the second."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.actions import REVEAL
from audit.models import Canary
from audit.record import entries
from audit.record.entries import Origin
from audit.watch.sighting import Reason
from booking.actions import APPOINTMENT_MOVED
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel
from partners.domain.identities import credential_actor
from partners.domain.watching import opened_before, sighting_of
from partners.models import Grant
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)

pytestmark = pytest.mark.django_db
# A Tuesday on which nobody closes a month, and a Thursday on which practices do.
NOW, CLOSING = (datetime(2026, 11, day, 9, tzinfo=UTC) for day in (24, 26))
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LONG_AGO = -90 * DAY
FAR = 16 * DAY


@pytest.fixture
def visit():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    made = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        patient=make_patient(practice=agenda.practice),
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=NOW,
    )
    return Appointment.unscoped.get(pk=made.pk)


@pytest.fixture
def grant(visit):
    return Grant.objects.get(pk=make_grant(make_credential(), visit.agenda).pk)


def seen(visit, grant, *, starts=FAR, created=LONG_AGO, cancelled=None, given=LONG_AGO, now=NOW):
    """What the watch is told of a visit, by how long before or after now things happened."""
    visit.starts_at, visit.created_at = now + starts, now + created
    visit.cancelled_at = None if cancelled is None else now + cancelled
    grant.created_at = now + given
    return sighting_of(
        credential=grant.credential, grant=grant, appointment=visit, use="care 2", now=now,
        origin=Origin(network="203.0.113.0/24", key="k", token="t"),
    )  # fmt: skip


def opened(visit, grant, *, ago, action=REVEAL):
    """The record says that this credential has opened the patient before."""
    actor = credential_actor(grant.credential, practice_id=visit.practice_id)
    entries.write(action, actor=actor, subjects=[visit.patient_id], at=NOW - ago)


@pytest.mark.parametrize(
    ("reason", "times"),
    [
        (Reason.FRESH, {"created": -2 * DAY}),
        (Reason.NONE, {"created": -2 * DAY - SECOND}),
        (Reason.FRESH, {"cancelled": -2 * DAY}),
        (Reason.NONE, {"cancelled": -2 * DAY - SECOND}),
        (Reason.FRESH, {"created": -DAY, "cancelled": -3 * DAY}),
        (Reason.NEAR, {"starts": -36 * HOUR}),
        (Reason.NONE, {"starts": -36 * HOUR - SECOND}),
        (Reason.NEAR, {"starts": 4 * DAY}),
        (Reason.AHEAD, {"starts": 4 * DAY + SECOND}),
        (Reason.AHEAD, {"starts": 15 * DAY}),
        (Reason.NONE, {"starts": 15 * DAY + SECOND}),
        (Reason.FIRST_SYNC, {"given": -3 * DAY}),
        (Reason.NONE, {"given": -3 * DAY - SECOND}),
        (Reason.FIRST_SYNC, {"given": -DAY, "starts": 10 * DAY}),
        (Reason.FIRST_SYNC, {"given": -DAY, "starts": -10 * DAY, "now": CLOSING}),
        (Reason.CLOSING, {"starts": -45 * DAY, "now": CLOSING}),
        (Reason.NONE, {"starts": -45 * DAY - SECOND, "now": CLOSING}),
        (Reason.NONE, {"starts": -45 * DAY}),
        (Reason.NONE, {"now": CLOSING}),
        (Reason.AHEAD, {"starts": 10 * DAY, "now": CLOSING}),
        # The stronger reason is said.
        (Reason.FRESH, {"created": -DAY, "starts": DAY, "given": -DAY}),
        (Reason.NEAR, {"starts": DAY, "given": -DAY}),
    ],
)
def test_the_agenda_gives_a_reason_or_none(visit, grant, reason, times):
    assert seen(visit, grant, **times).reason == reason


def test_months_are_closed_around_their_end(visit, grant):
    days = [NOW.replace(day=1, month=12) + n * DAY for n in range(31)]
    closing = {day.day for day in days if seen(visit, grant, starts=-FAR, now=day).reason != "none"}
    assert closing == {1, 2, 3, 4, 5, 6, 26, 27, 28, 29, 30, 31}


@pytest.mark.parametrize(
    ("reason", "ago", "times"),
    [
        (Reason.AGAIN, 62 * DAY, {}),
        (Reason.NONE, 62 * DAY + SECOND, {}),
        (Reason.AGAIN, DAY, {"given": -DAY}),
        (Reason.AGAIN, DAY, {"starts": -10 * DAY}),
        # What explains the first opening explains the second one.
        (Reason.AHEAD, DAY, {"starts": 10 * DAY}),
        (Reason.NEAR, DAY, {"starts": DAY}),
        (Reason.FRESH, DAY, {"created": -DAY}),
    ],
)
def test_what_was_opened_before_is_opened_again(visit, grant, reason, ago, times):
    opened(visit, grant, ago=ago)
    assert seen(visit, grant, **times).reason == reason


def test_only_a_reading_by_itself_is_one_before(visit, grant):
    other = make_grant(make_credential("Autre"), visit.agenda)
    opened(visit, other, ago=DAY)
    opened(visit, grant, ago=DAY, action=APPOINTMENT_MOVED)
    assert seen(visit, grant).reason == Reason.NONE
    opened(visit, grant, ago=DAY)
    asked = {"credential_id": grant.credential_id, "subject_id": visit.patient_id}
    assert opened_before(**asked, since=NOW - DAY) is True
    assert opened_before(**asked, since=NOW - DAY + SECOND) is False


def test_the_watch_is_told_where_and_how_and_by_whose_clock(visit, grant):
    """Half past midnight of Thursday in Paris, where it is still Wednesday by UTC."""
    night = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    found = seen(visit, grant, starts=-10 * DAY, now=night)
    assert (found.at, found.weekday, found.hour) == (night, 3, 0)
    assert found.reason == Reason.CLOSING
    assert (found.network, found.key, found.use) == ("203.0.113.0/24", "k", "care 2")
    assert found.practice_id == visit.practice_id
    assert found.place == (visit.agenda_id.hex, visit.starts_at.timestamp())
    assert (found.part, found.is_canary) == (1.0, False)


@pytest.mark.parametrize(
    ("times", "is_canary"),
    [
        ({}, True),
        ({"starts": 10 * DAY}, True),
        ({"starts": -10 * DAY, "now": CLOSING}, True),
        # Software that is new may read everything once, and what is fresh or near is real.
        ({"given": -DAY}, False),
        ({"created": -DAY}, False),
        ({"starts": DAY}, False),
    ],
)
def test_a_canary_is_one_where_nothing_calls_for_it(visit, grant, times, is_canary):
    Canary.objects.create(subject_id=visit.patient_id, planted_at=NOW)
    assert seen(visit, grant, **times).is_canary is is_canary
