"""How many identities software may open, asked through the API."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from audit.models import Entry, Watched
from audit.watch import budget
from audit.watch.budget import Limits
from audit.watch.past import Day, Past
from booking.models.appointment import Appointment
from partners.domain import reveal_budget
from partners.models import Partner
from tests.factories import (
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_reason,
)
from tests.partners.software import Software
from tests.support.reveal_budget import BODY, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


@pytest.fixture
def grant(agenda):
    return make_grant(make_credential("AgendaPlus"), agenda, fields=["last_name"])


@pytest.fixture
def appointments(agenda, now):
    return [booked(agenda, hour, minute, now) for hour in (8, 9, 10) for minute in (0, 30)]


@pytest.fixture
def few(monkeypatch):
    limits = Limits(minute=2, hour=3, day=4)
    monkeypatch.setattr(reveal_budget, "limits_of", lambda grant, now: limits)


def reveal(software, appointment):
    return software.post(f"appointments/{appointment.pk}/reveal", BODY)


def test_it_is_held_before_anything_opens(grant, appointments, few, now):
    software = Software(grant.credential)
    before = Entry.objects.filter(action="reveal").count()
    answers = [reveal(software, each) for each in appointments[:4]]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    problem = answers[2].json()
    assert problem["type"] == "urn:doctolib:problem:budget-spent"
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert "last_name" not in problem
    assert Entry.objects.filter(action="reveal").count() == before + 2
    # The same person again is no further one, and the agenda works on.
    assert reveal(software, appointments[0]).status_code == 200
    assert software.get("appointments").status_code == 200


def test_a_vendor_who_is_verified_no_more_opens_nobody(grant, appointments):
    software = Software(grant.credential)
    assert reveal(software, appointments[0]).status_code == 200
    before = Entry.objects.filter(action="reveal").count()
    Partner.objects.update(verified_at=None)
    answer = reveal(software, appointments[1])
    assert answer.status_code == 403 and "verified" in answer.json()["detail"]
    assert Entry.objects.filter(action="reveal").count() == before
    assert software.get("appointments").status_code == 200


def test_each_grant_has_its_own(grant, appointments, few, now):
    for each in appointments[:3]:
        reveal(Software(grant.credential), each)
    other = make_grant(make_credential("Other"), *grant.agendas.all(), fields=["last_name"])
    assert reveal(Software(other.credential), appointments[3]).status_code == 200


def test_when_nobody_can_count_nothing_opens_and_the_agenda_is_there(
    grant, appointments, monkeypatch
):
    software = Software(grant.credential)

    def away(**_anything):
        raise redis.ConnectionError

    monkeypatch.setattr(budget, "spend", away)
    before = Entry.objects.filter(action="reveal").count()
    assert reveal(software, appointments[0]).status_code == 503
    assert Entry.objects.filter(action="reveal").count() == before
    assert software.get("appointments").status_code == 200


def test_it_is_sized_by_who_comes_within_a_week(grant, appointments, now, monkeypatch):
    floor = reveal_budget.limits_of(grant, now=now)
    assert (floor.day, floor.hour, floor.minute) == (60, 30, 10)
    monkeypatch.setattr(reveal_budget, "FLOOR_DAY", 2)
    assert reveal_budget.limits_of(grant, now=now).day == 6
    assert reveal_budget.limits_of(grant, now=now + timedelta(days=30)).day == 2


def test_an_hour_is_a_third_and_a_minute_a_quarter_of_it(grant, appointments, now, monkeypatch):
    """Rounded up, and never below the floors."""
    for name in ("FLOOR_DAY", "FLOOR_HOUR", "FLOOR_MINUTE"):
        monkeypatch.setattr(reveal_budget, name, 1)
    for floor, expected in [(1, (6, 2, 1)), (7, (7, 3, 1)), (31, (31, 11, 3)), (40, (40, 14, 4))]:
        monkeypatch.setattr(reveal_budget, "FLOOR_DAY", floor)
        limits = reveal_budget.limits_of(grant, now=now)
        assert (limits.day, limits.hour, limits.minute) == expected


def test_the_week_around_now_begins_with_its_first_instant_and_ends_before_its_last(
    grant, appointments, monkeypatch
):
    monkeypatch.setattr(reveal_budget, "FLOOR_DAY", 0)
    first = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    last = first + timedelta(hours=2, minutes=30)
    second, week = timedelta(seconds=1), timedelta(days=7)
    for now, expected in [
        (first - week, 0), (first - week + second, 1), (last - week + second, 6),
        (first + week, 6), (first + week + second, 5), (last + week, 1),
        (last + week + second, 0),
    ]:  # fmt: skip
        assert reveal_budget.limits_of(grant, now=now).day == expected


def test_only_patients_of_the_granted_agendas_count_and_each_once(
    grant, agenda, appointments, now, monkeypatch
):
    monkeypatch.setattr(reveal_budget, "FLOOR_DAY", 0)
    other = make_agenda(practice=agenda.practice)
    make_opening(other, make_reason(other))
    booked(other, 8, 0, now)
    Appointment.unscoped.filter(agenda=agenda).update(patient=appointments[0].patient)
    assert reveal_budget.limits_of(grant, now=now).day == 1


def test_a_grant_that_opens_nothing_shows_none(grant, now):
    use = reveal_budget.use_of(grant, now=now)
    assert use.spent == 0
    assert (use.limits.day, use.limits.hour, use.limits.minute) == (60, 30, 10)
    grant.scopes = ["agendas:read"]
    assert reveal_budget.use_of(grant, now=now) is None


def test_it_is_narrowed_by_what_the_software_ever_opened(
    grant, agenda, appointments, now, monkeypatch
):
    """Six of its busiest days, of the eight who come within the week."""
    monkeypatch.setattr(reveal_budget, "FLOOR_DAY", 2)
    other = make_agenda(practice=agenda.practice)
    make_opening(other, make_reason(other))
    grant.agendas.add(other)
    for minute in (0, 30):
        booked(other, 8, minute, now)
    past = Past(first="2026-10-01", today="2026-11-23", days=[Day(opened=1)] * 9)
    practice = grant.practice_id.hex
    for busiest, day in [({}, 2), ({practice: 1}, 6), ({practice: 9}, 8)]:
        past.busiest = busiest
        Watched.objects.update_or_create(
            id=grant.credential_id,
            defaults={"kind": "credential", "at": now, "state": past.written()},
        )
        assert reveal_budget.limits_of(grant, now=now).day == day
    # While it is new there is no past to narrow it by: a first synchronisation goes through.
    Watched.objects.update(state={})
    assert reveal_budget.limits_of(grant, now=now).day == 8
