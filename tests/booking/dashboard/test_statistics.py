"""Statistics: each figure against a practice small enough to count by hand."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django_scopes import scope

from audit.models import Entry
from audit.record.entries import system_actor
from booking.appointments.change import cancel
from booking.appointments.marking import mark
from booking.appointments.values import By
from booking.dashboard.queries.statistics import statistics_of
from booking.models.appointment import Channel
from practitioners.models import Absence
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    verified_client,
)
from tests.support.booked import booked

pytestmark = pytest.mark.django_db
# A Friday evening, when the week is over.
FRIDAY = datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _frozen(time_machine):
    time_machine.move_to(FRIDAY, tick=False)


@pytest.fixture
def agenda():
    """Open on Mondays from 9:00 to 12:00; the reason takes half an hour."""
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, starts_on=date(2026, 11, 16))
    return agenda


def visit(agenda, day, hour, *, ahead=3, status="", **more):
    starts_at = datetime.combine(day, time(hour), UTC) - timedelta(hours=1)
    row = booked(
        agenda.visit_reasons.get(), starts_at - timedelta(days=ahead), starts_at=starts_at, **more
    )
    if status == "cancelled":
        cancel(
            appointment=row,
            by=By(actor=system_actor(), channel=Channel.PRACTICE),
            now=starts_at - timedelta(days=1),
        )
    elif status:
        mark(appointment=row, status=status, actor=system_actor(), now=starts_at)
    return row


def test_what_patients_cancel_late_is_counted_and_marked(agenda):
    for hour, ahead in ((9, timedelta(hours=1)), (10, timedelta(days=2))):
        row = visit(agenda, date(2026, 11, 23), hour, ahead=5)
        cancel(
            appointment=row,
            by=By(actor=system_actor(), channel=Channel.PATIENT),
            now=row.starts_at - ahead,
        )
    found = figures(agenda)
    assert (found.cancelled, found.cancelled_late, found.late_share) == (2, 1, 50)
    assert [week.cancelled_late for week in found.weeks] == [0, 1]


def figures(agenda, weeks=2):
    with scope(practice=agenda.practice):
        return statistics_of(agenda.practice, [agenda], weeks=weeks, now=FRIDAY)


def test_the_figures_are_right(agenda):
    one, two = date(2026, 11, 16), date(2026, 11, 23)
    visit(agenda, one, 9, status="seen", ahead=2)
    visit(agenda, one, 10, status="no_show", ahead=4)
    visit(agenda, two, 9, status="seen", ahead=10, channel=Channel.PRACTICE)
    visit(agenda, two, 11, status="cancelled")
    found = figures(agenda)
    assert [week.monday for week in found.weeks] == [one, two]
    assert [week.open_minutes for week in found.weeks] == [180, 180]
    assert [week.booked_minutes for week in found.weeks] == [60, 30]
    assert [round(week.fill) for week in found.weeks] == [33, 17]
    assert found.fill == 25
    assert (found.visits, found.no_shows, found.cancelled) == (3, 1, 1)
    assert round(found.no_show_share) == 33
    assert found.cancelled_share == 25
    assert found.lead_days == 4
    assert found.channels == {"patient": 2, "practice": 1, "partner": 0}
    assert found.new_patients == 3
    # The next Monday is in three days, and its third slot is that day's.
    assert [wait.days for wait in found.waits] == [3]


def test_the_third_slot_counts_and_not_the_first(agenda):
    for hour in (9, 10, 11):
        visit(agenda, date(2026, 11, 30), hour)
    # 9:30, 10:30 and 11:30 are left: the third of them is still on Monday.
    assert [wait.days for wait in figures(agenda).waits] == [3]
    booked(
        agenda.visit_reasons.get(), FRIDAY,
        starts_at=datetime(2026, 11, 30, 8, 30, tzinfo=UTC),
    )  # fmt: skip
    assert [wait.days for wait in figures(agenda).waits] == [10]


def test_an_agenda_without_slots_says_so(agenda):
    agenda.openings.all().delete()
    found = figures(agenda)
    assert [wait.days for wait in found.waits] == [None]
    assert found.fill is None
    assert found.lead_days is None


def test_absences_and_holidays_are_no_open_time(agenda):
    Absence.objects.create(
        agenda=agenda,
        starts_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        until=datetime(2026, 11, 24, tzinfo=UTC),
    )
    make_opening(agenda, starts_on=date(2026, 11, 11), every_weeks=0)
    assert [week.open_minutes for week in figures(agenda, weeks=3).weeks] == [0, 180, 60]


def test_overlapping_openings_count_once_and_seats_each(agenda):
    make_opening(agenda, starts_on=date(2026, 11, 23), from_time=time(11), until_time=time(13))
    make_opening(
        agenda, starts_on=date(2026, 11, 24), from_time=time(14), until_time=time(15),
        slot_minutes=10, capacity=4,
    )  # fmt: skip
    assert figures(agenda).weeks[-1].open_minutes == 240 + 4 * 60


def test_bookings_outside_of_openings_make_no_bar_higher_than_full(agenda):
    agenda.openings.update(from_time=time(9), until_time=time(9, 30))
    for hour in (9, 14):
        booked(
            agenda.visit_reasons.get(), FRIDAY, starts_at=datetime(2026, 11, 23, hour, tzinfo=UTC),
            channel=Channel.PRACTICE, anywhere=True,
        )  # fmt: skip
    week = figures(agenda).weeks[-1]
    assert (week.fill, week.height) == (200, 100)


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="secretary").account)


def test_the_page_shows_them_and_opens_nobody(agenda, client):
    visit(agenda, date(2026, 11, 23), 9, status="no_show")
    before = Entry.objects.filter(action="reveal").count()
    url = reverse("booking:statistics", args=[agenda.practice_id])
    page = client.get(url, {"semaines": "4"}).content.decode()
    assert "100,0\u00a0%" in page
    assert "23/11/2026" in page
    assert "02/11/2026" in page
    assert "26/10/2026" not in page
    client.cookies["django_language"] = "en"
    english = client.get(url, {"semaines": "4"}).content.decode()
    assert "100.0%" in english and "<dt>Appointments</dt>" in english
    assert Entry.objects.filter(action="reveal").count() == before


def test_one_agenda_at_a_time(agenda, client):
    other = make_agenda(practice=agenda.practice)
    make_reason(other, name="Détartrage")
    url = reverse("booking:statistics", args=[agenda.practice_id])
    assert "Détartrage" in client.get(url).content.decode()
    chosen = client.get(url, {"semaines": "4", "agenda": str(agenda.pk)}).content.decode()
    assert "Détartrage" not in chosen
    stranger = make_agenda()
    make_reason(stranger, name="Ailleurs")
    page = client.get(url, {"semaines": "4", "agenda": str(stranger.pk)}).content.decode()
    assert "Ailleurs" not in page


def test_a_spreadsheet_reads_it(agenda, client):
    visit(agenda, date(2026, 11, 23), 9)
    answer = client.get(
        reverse("booking:statistics-csv", args=[agenda.practice_id]), {"semaines": "4"}
    )
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 4
    assert rows[-1] == {
        "Semaine du": "2026-11-23", "Heures ouvertes": "3.0", "Heures prises": "0.5",
        "Remplissage (%)": "16.7", "Rendez-vous": "1", "Absents": "0", "Annulés": "0",
        "Annulés tardivement": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("opened", "shown"),
    [
        # 17.6470… and 37.5 % of 2:50 and 1:20; 6.25 % of 8:00, of which the half goes up.
        (time(11, 50), ("17,6", "2,8")), (time(10, 20), ("37,5", "1,3")), (time(17), ("6,3", "8,0")),
    ],
)  # fmt: skip
def test_the_page_and_the_file_round_alike(agenda, client, opened, shown):
    agenda.openings.update(until_time=opened)
    visit(agenda, date(2026, 11, 23), 9)
    page = client.get(
        reverse("booking:statistics", args=[agenda.practice_id]), {"semaines": "4"}
    ).content.decode()
    answer = client.get(
        reverse("booking:statistics-csv", args=[agenda.practice_id]), {"semaines": "4"}
    )
    row = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))[-1]
    fill, hours = (each.replace(",", ".") for each in shown)
    assert (row["Remplissage (%)"], row["Heures ouvertes"]) == (fill, hours)
    # In the table, and where a bar is pointed at.
    assert f"<td>{shown[0]}\u00a0%</td>" in page and f"<td>{shown[1]}\u00a0h</td>" in page
    assert f"<title>23/11/2026 · {shown[0]}\u00a0%</title>" in page


def test_the_bars_have_a_scale_and_their_days(agenda, client):
    url = reverse("booking:statistics", args=[agenda.practice_id])
    for weeks, ticks in (("4", 4), ("12", 6), ("26", 6), ("52", 6)):
        page = client.get(url, {"semaines": weeks}).content.decode()
        assert "<span>100\u00a0%</span><span>50\u00a0%</span><span>0</span>" in page
        days = page[page.index('class="chart-days"') :].partition("</div>")[0]
        assert days.count("<span>") == int(weeks)
        assert 3 < days.count("<span>") - days.count("<span></span>") <= ticks


def test_many_visits_take_no_more_queries(agenda, client, django_assert_max_num_queries):
    url = reverse("booking:statistics", args=[agenda.practice_id])
    client.get(url)
    for week in range(6):
        for hour in (9, 10, 11):
            visit(agenda, date(2026, 11, 16) + timedelta(weeks=week), hour)
    with django_assert_max_num_queries(20):
        assert client.get(url).status_code == 200
