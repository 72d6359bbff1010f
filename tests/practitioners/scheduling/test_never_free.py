"""A visit reason of which no slot can come, however empty the agenda is: offered to nobody."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.domain.directory.no_results import ways_out
from practitioners.domain.directory.search import Filters, reason_names, search, suggest
from practitioners.domain.directory.understood import understand
from practitioners.domain.scheduling import next_slots
from practitioners.domain.scheduling.hours.never_free import without_slots
from practitioners.models import NextSlot, VisitReason
from tests.factories import make_agenda, make_opening, make_practice, make_reason, make_resource

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
TODAY = date(2026, 11, 24)
SEPT = timedelta(days=7)


def no_opening(_agenda, _reason):
    pass


def over(agenda, reason):
    make_opening(agenda, reason, starts_on=TODAY - 5 * SEPT, until_date=TODAY)


def once_and_over(agenda, reason):
    make_opening(agenda, reason, starts_on=TODAY - timedelta(days=1), every_weeks=0)


def over_since_this_morning(agenda, reason):
    # It is ten o'clock.
    make_opening(
        agenda, reason, starts_on=TODAY, every_weeks=0, from_time=time(8), until_time=time(9)
    )


def a_last_week_that_is_not_in_the_rhythm(agenda, reason):
    """Every third week: the next one would come after the end."""
    make_opening(agenda, reason, starts_on=TODAY - SEPT, every_weeks=3, until_date=TODAY + SEPT)


def only_on_a_holiday(agenda, reason):
    make_opening(agenda, reason, starts_on=date(2026, 12, 25), every_weeks=0)


def ends_before_the_notice(agenda, reason):
    VisitReason.objects.filter(pk=reason.pk).update(minimum_notice_minutes=10 * 24 * 60)
    make_opening(agenda, reason, starts_on=TODAY, until_date=TODAY + SEPT)


def too_short(agenda, reason):
    make_opening(agenda, reason, from_time=time(9), until_time=time(9, 20))


def notice_past_the_horizon(agenda, reason):
    VisitReason.objects.filter(pk=reason.pk).update(
        minimum_notice_minutes=3 * 24 * 60, horizon_days=2
    )
    make_opening(agenda, reason)


def out_of_service(agenda, reason):
    room = make_resource(agenda.practice, active=False)
    VisitReason.objects.filter(pk=reason.pk).update(needs=[room.pk])
    make_opening(agenda, reason)


def followed_by_nothing(agenda, reason):
    then = make_reason(make_agenda(practice=agenda.practice), name="Suite")
    VisitReason.objects.filter(pk=reason.pk).update(then=then)
    make_opening(agenda, reason)


def follower_out_of_service(agenda, reason):
    other = make_agenda(practice=agenda.practice)
    room = make_resource(agenda.practice, active=False)
    then = make_reason(other, name="Suite", needs=[room.pk])
    make_opening(other, then)
    VisitReason.objects.filter(pk=reason.pk).update(then=then)
    make_opening(agenda, reason)


NEVER = [
    no_opening, over, once_and_over, over_since_this_morning, only_on_a_holiday,
    a_last_week_that_is_not_in_the_rhythm, ends_before_the_notice, too_short,
    notice_past_the_horizon, out_of_service, followed_by_nothing, follower_out_of_service,
]  # fmt: skip


def weekly(agenda, reason):
    make_opening(agenda, reason)


def last_time_later_today(agenda, reason):
    make_opening(
        agenda, reason, starts_on=TODAY, every_weeks=0, from_time=time(8), until_time=time(12)
    )


def begins_after_the_horizon(agenda, reason):
    make_opening(agenda, reason, starts_on=TODAY + timedelta(days=200))


def a_holiday_on_which_it_is_open(agenda, reason):
    type(agenda).objects.filter(pk=agenda.pk).update(open_on_holidays=True)
    make_opening(agenda, reason, starts_on=date(2026, 12, 25), every_weeks=0)


def a_holiday_and_the_week_before(agenda, reason):
    make_opening(agenda, reason, starts_on=date(2026, 12, 18), until_date=date(2026, 12, 26))


def in_service(agenda, reason):
    room = make_resource(agenda.practice)
    VisitReason.objects.filter(pk=reason.pk).update(needs=[room.pk])
    make_opening(agenda, reason)


def followed(agenda, reason):
    other = make_agenda(practice=agenda.practice)
    # By nothing that is itself offered online.
    then = make_reason(other, name="Suite", active=False)
    make_opening(other, then)
    VisitReason.objects.filter(pk=reason.pk).update(then=then)
    make_opening(agenda, reason)


CAN = [
    weekly, last_time_later_today, begins_after_the_horizon, a_holiday_on_which_it_is_open,
    a_holiday_and_the_week_before, in_service, followed,
]  # fmt: skip


@pytest.fixture
def agenda():
    agenda = make_agenda(practice=make_practice(town="Tours"))
    make_opening(agenda, make_reason(agenda, name="Consultation"))
    return agenda


@pytest.fixture
def reason(agenda):
    return make_reason(agenda, name="Thermoablation")


def refreshed(reason, now):
    next_slots.refresh(agenda_ids=[reason.agenda_id], now=now)
    return VisitReason.objects.select_related("agenda__practice").get(pk=reason.pk)


@pytest.mark.parametrize("case", NEVER)
def test_it_never_has_a_slot(agenda, reason, case, now):
    case(agenda, reason)
    found = refreshed(reason, now)
    assert without_slots([found], now=now) == {reason.pk}
    assert NextSlot.objects.get(pk=reason.pk).never


@pytest.mark.parametrize("case", CAN)
def test_it_may_have_one(agenda, reason, case, now):
    case(agenda, reason)
    found = refreshed(reason, now)
    assert without_slots([found], now=now) == set()
    assert not NextSlot.objects.get(pk=reason.pk).never


def test_an_agenda_that_is_closed_offers_nothing(agenda, reason, now):
    make_opening(agenda, reason)
    type(agenda).objects.filter(pk=agenda.pk).update(active=False)
    assert without_slots([refreshed(reason, now)], now=now) == {reason.pk}


def test_what_is_taken_up_to_the_last_minute_may_come_free_again(agenda, reason, now):
    """A full agenda has no slot, and is not meant: one may wait for it."""
    make_opening(agenda, reason, starts_on=TODAY + SEPT, every_weeks=0)
    agenda.absences.create(
        starts_at=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2027, 11, 1, tzinfo=UTC)
    )
    found = refreshed(reason, now)
    assert NextSlot.objects.get(pk=reason.pk).starts_at is None
    assert without_slots([found], now=now) == set()


def everywhere(now, name="Thermoablation"):
    """Where the directory names a visit reason: in how many ways it is found."""
    hits = search(what=name, place=None, filters=Filters(), order="soonest", page=1, now=now).hits
    by_filter = search(
        what="", place=None, filters=Filters(reason=name), order="soonest", page=1, now=now
    ).hits
    found = understand("généraliste", has_place=False)
    return {
        "search": bool(hits),
        "filter": bool(by_filter),
        "names to filter by": name in reason_names(what=""),
        "suggestions": name in suggest(name[:6]).reasons,
        "ways out": name in ways_out(found, None, Filters(reason="Zzz")).reasons,
    }


@pytest.mark.parametrize("case", [*NEVER, weekly])
def test_what_never_has_a_slot_is_found_nowhere(agenda, reason, case, now):
    case(agenda, reason)
    refreshed(reason, now)
    assert set(everywhere(now).values()) == {case is weekly}
    page = Client().get(reverse("practitioners:practitioner", args=[agenda.practitioner_id]))
    assert ("Thermoablation" in page.content.decode()) == (case is weekly)
    # The others of the agenda are.
    assert "Consultation" in page.content.decode()
    assert all(everywhere(now, "Consultation").values())


def test_a_closed_agendas_reasons_are_found_nowhere(agenda, reason, now):
    make_opening(agenda, reason)
    type(agenda).objects.filter(pk=agenda.pk).update(active=False)
    refreshed(reason, now)
    assert set(everywhere(now).values()) == {False}


def test_an_opening_brings_it_back(agenda, reason, now):
    refreshed(reason, now)
    make_opening(agenda, reason)
    refreshed(reason, now)
    assert all(everywhere(now).values())


def test_a_link_to_it_says_so_and_leads_on(agenda, reason):
    address = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    page = Client().get(address, {"motif": str(reason.pk)}).content.decode()
    assert "« Thermoablation » n’est pas proposé en ligne" in page.replace("\u00a0", " ")
    assert "Consultation" in page


def test_results_name_no_reason_that_nobody_can_take(agenda, now):
    """Not among those that are only for some patients, either."""
    nobodys = make_reason(agenda, name="Thermoablation", patient_kind="known")
    refreshed(nobodys, now)
    (hit,) = search(what="", place=None, filters=Filters(), order="soonest", page=1, now=now).hits
    assert [row.name for row in hit.reasons] == ["Consultation"]
    assert hit.kinds == []
