"""Wall clocks, absences, holidays and buffers; and what holds for any agenda at all."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from practitioners.domain.scheduling.agenda_time import AgendaTime, OpeningTime
from practitioners.domain.scheduling.availability import first_slots, free_slots, slots_of
from practitioners.domain.scheduling.wall_clock import is_public_holiday, occurs_on
from practitioners.models import Absence, Taken, VisitReason
from tests.factories import make_agenda, make_opening, make_practice, make_reason

PARIS = ZoneInfo("Europe/Paris")


def clocks(reason, day, now, zone=PARIS, **more):
    since = datetime.combine(day, time.min, tzinfo=zone)
    slots = free_slots(
        visit_reason=reason, since=since, until=since + timedelta(days=1), now=now, **more
    )
    return [f"{slot.starts_at.astimezone(zone):%H:%M}" for slot in slots]


@pytest.mark.django_db
class TestWallClock:
    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            # The clock jumps from 02:00 to 03:00: the opening is an hour shorter.
            (date(2027, 3, 28), ["01:00", "01:30", "03:00", "03:30"]),
            # 02:00 to 03:00 comes twice: the opening is an hour longer.
            (
                date(2026, 10, 25),
                ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30", "03:00", "03:30"],
            ),
            (date(2027, 4, 4), ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]),
        ],
    )
    def test_both_days_on_which_the_clock_changes(self, day, expected):
        agenda = make_agenda(open_on_holidays=True)
        reason = make_reason(agenda, horizon_days=700)
        make_opening(
            agenda, reason, starts_on=day, from_time=time(1), until_time=time(4), every_weeks=0
        )
        assert clocks(reason, day, datetime(2026, 9, 1, tzinfo=UTC)) == expected

    def test_a_morning_stays_a_morning_across_the_change(self):
        agenda = make_agenda()
        reason = make_reason(agenda, horizon_days=700)
        make_opening(agenda, reason, starts_on=date(2026, 10, 19), until_time=time(10))
        now = datetime(2026, 10, 1, tzinfo=UTC)
        assert clocks(reason, date(2026, 10, 19), now) == ["09:00", "09:30"]
        assert clocks(reason, date(2026, 10, 26), now) == ["09:00", "09:30"]

    def test_the_last_slot_of_a_day_is_not_lost_to_time_zones(self):
        zone = ZoneInfo("America/Guadeloupe")
        agenda = make_agenda(
            practice=make_practice(time_zone="America/Guadeloupe", postcode="97100")
        )
        reason = make_reason(agenda)
        make_opening(agenda, reason, from_time=time(22), until_time=time(23, 59))
        now = datetime(2026, 11, 23, tzinfo=UTC)
        assert clocks(reason, date(2026, 11, 23), now, zone) == ["22:00", "22:30", "23:00"]

    def test_every_other_week_until_a_day(self):
        agenda = make_agenda()
        reason = make_reason(agenda)
        opening = make_opening(agenda, reason, every_weeks=2, until_date=date(2026, 12, 21))
        days = [date(2026, 11, 23) + timedelta(weeks=n) for n in range(5)]
        assert [occurs_on(opening, day) for day in days] == [True, False, True, False, False]

    @pytest.mark.parametrize(
        ("postcode", "day", "closed"),
        [
            ("37000", date(2026, 12, 25), True),
            ("37000", date(2026, 12, 26), False),
            ("67000", date(2026, 12, 26), True),  # Alsace
            ("57000", date(2026, 4, 3), True),  # Good Friday in Moselle
            ("97400", date(2026, 12, 20), True),  # abolition of slavery, La Réunion
            ("97100", date(2026, 5, 27), True),  # abolition of slavery, Guadeloupe
            ("37000", date(2026, 5, 27), False),
        ],
    )
    def test_public_holidays_are_those_of_the_place(self, postcode, day, closed):
        assert is_public_holiday(day, make_practice(postcode=postcode).department) is closed


@pytest.mark.django_db
class TestTakenTime:
    @pytest.fixture
    def reason(self):
        agenda = make_agenda()
        reason = make_reason(agenda)
        make_opening(agenda, reason)
        return reason

    def test_a_public_holiday_closes_unless_the_agenda_is_open_on_it(self, reason, now):
        make_opening(reason.agenda, reason, starts_on=date(2026, 12, 25))
        assert clocks(reason, date(2026, 12, 25), now) == []
        reason.agenda.open_on_holidays = True
        reason.agenda.save()
        assert len(clocks(reason, date(2026, 12, 25), now)) == 6

    def test_an_absence_closes_what_it_touches(self, reason, now):
        Absence.objects.create(
            agenda=reason.agenda,
            starts_at=datetime(2026, 11, 30, 9, 45, tzinfo=PARIS),
            until=datetime(2026, 11, 30, 11, tzinfo=PARIS),
        )
        assert clocks(reason, date(2026, 11, 30), now) == ["09:00", "11:00", "11:30"]

    def test_buffers_keep_slots_and_neighbours_apart(self, reason, now):
        reason.buffer_before_minutes, reason.buffer_after_minutes = 5, 10
        assert clocks(reason, date(2026, 11, 30), now) == ["09:00", "09:45", "10:30", "11:15"]
        Taken.objects.create(
            agenda=reason.agenda,
            visit_reason=reason,
            period=(
                datetime(2026, 11, 30, 10, 20, tzinfo=PARIS),
                datetime(2026, 11, 30, 10, 26, tzinfo=PARIS),
            ),
            seat=0,
        )
        assert clocks(reason, date(2026, 11, 30), now) == ["09:00", "11:15"]

    def test_the_first_slot_is_the_first_of_the_list(self, reason, now):
        slots = free_slots(visit_reason=reason, since=now, until=now + timedelta(days=30), now=now)
        assert first_slots(visit_reasons=[reason], now=now, days=30)[reason.pk] == slots[0]

    def test_queries_do_not_grow_with_agendas(self, now, django_assert_num_queries):
        from practitioners.domain.scheduling.availability import free_slots_of_many

        reasons = []
        for _ in range(5):
            agenda = make_agenda()
            reasons.append(make_reason(agenda))
            make_opening(agenda, reasons[-1])
        with django_assert_num_queries(1):
            found = free_slots_of_many(
                visit_reasons=reasons, since=now, until=now + timedelta(days=9), now=now
            )
        assert all(found.values())


DAY = date(2026, 11, 30)
MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)
minutes = st.integers(0, 24 * 60 - 1)
periods = st.tuples(minutes, st.integers(5, 180)).map(
    lambda p: (MIDNIGHT + timedelta(minutes=p[0]), MIDNIGHT + timedelta(minutes=p[0] + p[1]))
)


@st.composite
def agendas(draw):
    """Any number of openings, absences and taken ranges of one day, in UTC."""
    reason = VisitReason(
        duration_minutes=draw(st.integers(5, 90)),
        buffer_before_minutes=draw(st.integers(0, 15)),
        buffer_after_minutes=draw(st.integers(0, 15)),
    )
    openings = []
    for number in range(draw(st.integers(1, 3))):
        begins, length = draw(st.integers(0, 1300)), draw(st.integers(10, 600))
        until = min(begins + length, 1439)
        openings.append(
            (
                OpeningTime(
                    reason.pk, number + 1, DAY, None, 0, time(begins // 60, begins % 60),
                    time(until // 60, until % 60), 1, None,
                ),
                frozenset([reason.pk]),
            )
        )  # fmt: skip
    agenda = AgendaTime(
        zone=ZoneInfo("UTC"), department="37", open_on_holidays=True, openings=openings,
        absences=draw(st.lists(periods, max_size=3)), own_time=draw(st.lists(periods, max_size=6)),
    )  # fmt: skip
    return agenda, reason


def offered(agenda, reason):
    return set(slots_of(agenda, reason, MIDNIGHT, MIDNIGHT + timedelta(days=1)))


class TestAnyAgenda(TestCase):
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(agendas())
    def test_no_slot_overlaps_taken_time_and_each_lies_in_an_opening(self, drawn):
        agenda, reason = drawn
        before = timedelta(minutes=reason.buffer_before_minutes)
        after = timedelta(minutes=reason.buffer_after_minutes)
        for slot in offered(agenda, reason):
            for begins, ends in agenda.own_time + agenda.absences:
                assert slot.ends_at + after <= begins or ends <= slot.starts_at - before
            assert any(
                datetime.combine(DAY, o.from_time, tzinfo=UTC) <= slot.starts_at
                and slot.ends_at <= datetime.combine(DAY, o.until_time, tzinfo=UTC)
                for o, _ in agenda.openings
            )

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(agendas(), periods, periods)
    def test_moving_one_appointment_changes_only_what_it_touches(self, drawn, old, new):
        """A slot that neither the old nor the new place touches is offered before and after."""
        agenda, reason = drawn
        others = list(agenda.own_time)
        agenda.own_time = [*others, old]
        earlier = offered(agenda, reason)
        agenda.own_time = [*others, new]
        later = offered(agenda, reason)
        before = timedelta(minutes=reason.buffer_before_minutes)
        after = timedelta(minutes=reason.buffer_after_minutes)
        for slot in earlier ^ later:
            touched = [
                begins < slot.ends_at + after and slot.starts_at - before < ends
                for begins, ends in (old, new)
            ]
            assert any(touched)

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(agendas())
    def test_a_booked_slot_is_no_longer_offered_and_comes_back(self, drawn):
        agenda, reason = drawn
        free = offered(agenda, reason)
        for slot in sorted(free, key=lambda s: (s.starts_at, s.ends_at))[:1]:
            agenda.own_time.append((slot.starts_at, slot.ends_at))
            assert slot not in offered(agenda, reason)
            agenda.own_time.pop()
            assert offered(agenda, reason) == free
