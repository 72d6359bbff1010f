"""Absences: what they ask about, what becomes of the visits, what the agenda shows."""

import html
import re
from datetime import datetime, timedelta

import pytest

from booking.models import Appointment, Message
from booking.models.appointment import Channel
from practitioners.domain.scheduling.availability import free_slots
from practitioners.models import Absence
from tests.factories import make_patient
from tests.support.booked import NINE, booked
from tests.support.dashboard import absence, agenda, client, reason, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_an_absence_over_booked_time_shows_them_and_asks(agenda, reason, client, now):
    booked(reason, now)
    page = client.post(url("new-absence", agenda), absence(agenda)).content.decode()
    assert "1 rendez-vous s’y trouve" in page
    assert "Zoé Lefèvre" in page
    assert not Absence.objects.exists()


@pytest.mark.parametrize(("choice", "status"), [("keep", "booked"), ("cancel", "cancelled")])
def test_the_practice_decides_what_becomes_of_them(agenda, reason, client, now, choice, status):
    appointment = booked(reason, now)
    answer = client.post(url("new-absence", agenda), absence(agenda, booked=choice))
    assert answer.status_code == 302
    appointment.refresh_from_db()
    assert appointment.status == status
    told = Message.objects.filter(kind="cancellation").count()
    assert told == (1 if choice == "cancel" else 0)
    until = NINE + timedelta(hours=12)
    assert free_slots(visit_reason=reason, since=NINE, until=until, now=now) == []


def test_an_absence_is_all_or_nothing(agenda, reason, client, now, monkeypatch):
    booked(reason, now)

    def fail(**_):
        raise RuntimeError

    monkeypatch.setattr("booking.appointments.absences.absences.change.cancel", fail)
    client.raise_request_exception = False
    answer = client.post(url("new-absence", agenda), absence(agenda, booked="cancel"))
    assert answer.status_code == 500
    assert not Absence.objects.exists()


def test_an_hour_is_blocked_and_opened_again(agenda, reason, client, now):
    data = absence(agenda, from_time="09:00", until_time="10:00", label="Réunion")
    client.post(url("new-absence", agenda), data)
    row = Absence.objects.get()
    assert (row.starts_at, row.until) == (NINE, NINE + timedelta(hours=1))

    def first():
        return free_slots(
            visit_reason=reason, since=NINE, until=NINE + timedelta(hours=4), now=now
        )[0].starts_at

    assert first() == NINE + timedelta(hours=1)
    client.post(url("delete-absence", agenda, row.pk))
    assert first() == NINE


@pytest.mark.parametrize(
    "changed", [{"until_day": "2026-11-29"}, {"agendas": []}, {"from_day": ""}]
)
def test_an_impossible_absence_is_refused(agenda, client, changed):
    assert client.post(url("new-absence", agenda), absence(agenda, **changed)).status_code == 200
    assert not Absence.objects.exists()


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({}, "lun. 30 nov., toute la journée"),
        ({"until_day": "2026-12-02"}, "du lun. 30 nov. au mer. 2 déc., toute la journée"),
        ({"from_time": "09:00", "until_time": "10:00"}, "lun. 30 nov. 09:00 → 10:00"),
        (
            {"until_day": "2026-12-01", "from_time": "09:00", "until_time": "10:00"},
            "lun. 30 nov. 09:00 → mar. 1er déc. 10:00",
        ),
    ],
)
def test_an_absence_is_told_by_its_days_and_its_label(agenda, reason, client, hours, words):
    data = absence(agenda, label="Congrès", **hours)
    assert client.post(url("new-absence", agenda), data).status_code == 302
    page = client.get(url("week-plan", agenda)).content.decode()
    assert f"{words} Congrès" in page
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert re.search(r'class="block absence [^"]*">Congrès</li>', grid)


def words_and_rows(grid):
    """What is written in each block that says something of an absence: words and first row."""
    found = re.findall(r'class="block absence(?:-words)? at-(\d+) [^>]*>([^<]*)</li>', grid)
    return [(int(row), html.unescape(words)) for row, words in found if words]


@pytest.mark.parametrize(
    ("visits", "row"),
    [
        # Rows of five minutes; 10:00 is 25, since the day begins at 8:00.
        ((), 25),
        (("10:00",), 31),
        (("10:15",), 25),
        (("10:00", "10:30"), None),
        (("09:45",), 28),
        (("10:30",), 25),
    ],
)
def test_an_absence_says_its_words_where_no_kept_visit_covers_them(
    agenda, reason, client, now, visits, row
):
    """A visit kept at its beginning, of half an hour, hid what it is."""
    for at in visits:
        starts_at = datetime.fromisoformat(f"2026-11-30T{at}:00+01:00")
        booked(
            reason, now, patient=make_patient(practice=agenda.practice), starts_at=starts_at,
            channel="practice", anywhere=True,
        )  # fmt: skip
    hours = {"from_time": "10:00", "until_time": "11:00", "booked": "keep"}
    data = absence(agenda, label="Réunion", **hours)
    assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert words_and_rows(grid) == ([(row, "Réunion")] if row else [])
    # Where nothing of it is left, the first visit says it, before its reason.
    assert ("<span>Réunion · " in grid) == (row is None)
    assert grid.count("Réunion") == 1


def test_absences_that_lie_over_each_other_each_say_their_words(agenda, reason, client):
    for label, hours in (("Congrès", ("09:00", "12:00")), ("Réunion", ("09:00", "10:00"))):
        data = absence(agenda, label=label, from_time=hours[0], until_time=hours[1])
        assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert sorted(words_and_rows(grid)) == [(13, "Réunion"), (25, "Congrès")]
    data = absence(agenda, label="Grippe", from_time="09:00", until_time="12:00")
    assert client.post(url("new-absence", agenda), data).status_code == 302
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert client.post(url("new-absence", agenda), data).status_code == 302
    again = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert again.count("Grippe") == 1
    said = " ".join(words for _row, words in words_and_rows(grid))
    assert {"Réunion", "Congrès", "Grippe"} <= set(re.findall(r"\w+", said))


def test_an_imported_absence_keeps_its_label_to_itself(agenda, reason, client):
    client.post(url("new-absence", agenda), absence(agenda, label="Dentiste"))
    assert Absence.objects.update(imported_from=agenda.pk) == 1
    grid = client.get(url("agenda", agenda), {"jour": "2026-11-30"}).content.decode()
    assert re.search(r'class="block absence [^"]*">Absence</li>', grid)
    assert "Dentiste" not in grid


def test_the_preview_of_an_absence_tells_the_new_time(agenda, reason, client, now):
    booked(reason, now)
    later = NINE + timedelta(days=7)
    data = absence(agenda, preview="1")
    text = client.post(url("new-absence", agenda), data).context["letters"][0].text
    # As it will be read: the new time, and the one that it replaces.
    assert "Au lieu du lundi 30 novembre" in text and text.count("30 novembre") == 1
    visit = Appointment.unscoped.get()
    data[f"vers-{visit.pk}"] = (later + timedelta(hours=1)).isoformat()
    letters = client.post(url("new-absence", agenda), data).context["letters"]
    assert "7 décembre" in letters[0].text and "10:00" in letters[0].text
    visit.refresh_from_db()
    assert visit.starts_at == NINE and visit.status == "booked"


def test_an_absence_asks_nothing_about_visits_that_are_over(agenda, reason, client, now):
    over = now - timedelta(days=3)
    visit = booked(reason, now, starts_at=over, channel=Channel.PRACTICE, anywhere=True)
    data = absence(agenda, from_day=str(over.date()), until_day=str(over.date()))
    assert client.post(url("new-absence", agenda), data).status_code == 302
    data["booked"] = "cancel"
    client.post(url("new-absence", agenda), data)
    visit.refresh_from_db()
    assert visit.status == "booked"
