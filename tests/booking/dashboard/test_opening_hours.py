"""Opening hours and visit reasons, and weeks that are copied to others."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from practitioners.domain.scheduling.availability import free_slots
from practitioners.models import Opening, VisitReason
from tests.factories import make_opening
from tests.support.booked import NINE, booked
from tests.support.dashboard import agenda, client, opening, reason, url  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_an_opening_every_other_week_until_a_date(agenda, reason, client, now):
    data = opening(reason, every_weeks="2", last_day="2026-12-16")
    assert client.post(url("new-opening", agenda, agenda.pk), data).status_code == 302
    days = {
        slot.starts_at.date().isoformat()
        for slot in free_slots(
            visit_reason=reason, since=now, until=now + timedelta(days=50), now=now
        )
        if slot.starts_at.hour >= 13
    }
    assert days == {"2026-12-02", "2026-12-16"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"until_time": "13:00"}, "La fin doit venir après le début."),
        ({"last_day": "2026-12-01"}, "Le dernier jour doit venir après le premier."),
        ({"capacity": "5"}, "Indiquez la durée des créneaux"),
        ({"visit_reasons": []}, "obligatoire"),
        ({"starts_on": "2026-11-30", "from_time": "11:00"}, "recouvre une autre plage"),
    ],
)
def test_an_impossible_opening_is_refused_with_its_reason(agenda, reason, client, changed, words):
    answer = client.post(url("new-opening", agenda, agenda.pk), opening(reason, **changed))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Opening.objects.count() == 1


def test_changing_an_opening_that_holds_appointments_shows_them_and_asks(
    agenda, reason, client, now
):
    appointment = booked(reason, now)
    row = Opening.objects.get()
    page = url("opening", agenda, agenda.pk, row.pk)
    data = opening(reason, starts_on="2026-11-23", from_time="10:00", until_time="12:00")
    answer = client.post(page, data)
    assert "Zoé Lefèvre" in answer.content.decode()
    row.refresh_from_db()
    assert row.from_time.hour == 9
    assert client.post(page, {**data, "confirmed": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.from_time.hour == 10
    appointment.refresh_from_db()
    assert (appointment.status, appointment.starts_at) == ("booked", NINE)


def test_deleting_an_opening_shows_what_it_holds_and_keeps_it(agenda, reason, client, now):
    appointment = booked(reason, now)
    row = Opening.objects.get()
    page = url("delete-opening", agenda, agenda.pk, row.pk)
    assert "Zoé Lefèvre" in client.get(page).content.decode()
    assert client.post(page).status_code == 302
    assert not Opening.objects.exists()
    appointment.refresh_from_db()
    assert appointment.status == "booked"


def visit_reason(**changed):
    return {
        "name": "Bilan", "duration_minutes": "45", "buffer_before_minutes": "5",
        "buffer_after_minutes": "10", "colour": "violet", "minimum_notice_minutes": "120",
        "horizon_days": "30", "cancel_deadline_hours": "48", "patient_kind": "new",
        "teleconsultation": "on", "price_cents": "50", "instructions": "À jeun.", "active": "on",
        **changed,
    }  # fmt: skip


def test_a_visit_reason_is_made_and_changed(agenda, client):
    client.post(url("new-reason", agenda, agenda.pk), visit_reason())
    row = VisitReason.objects.get()
    assert (row.duration_minutes, row.buffer_after_minutes, row.patient_kind) == (45, 10, "new")
    assert (row.teleconsultation, row.instructions) == (True, "À jeun.")
    client.post(url("reason", agenda, agenda.pk, row.pk), visit_reason(name="Bilan complet"))
    row.refresh_from_db()
    assert row.name == "Bilan complet"


@pytest.mark.parametrize(
    "changed",
    [
        {"duration_minutes": "0"}, {"duration_minutes": "481"}, {"duration_minutes": "x"},
        {"name": ""}, {"patient_kind": "other"}, {"colour": "red; x"}, {"horizon_days": "0"},
        {"buffer_before_minutes": "-5"},
    ],
)  # fmt: skip
def test_an_impossible_visit_reason_is_refused(agenda, client, changed):
    answer = client.post(url("new-reason", agenda, agenda.pk), visit_reason(**changed))
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not VisitReason.objects.exists()


def test_a_week_is_copied_to_others_in_a_row(agenda, reason, client, now):
    """Open on Mondays, and once on a Thursday afternoon; the Mondays stand there already."""
    make_opening(
        agenda, reason, starts_on=date(2026, 11, 26), every_weeks=0, from_time=time(14),
        until_time=time(18),
    )  # fmt: skip
    session = make_opening(
        agenda, reason, starts_on=date(2026, 11, 27), every_weeks=0, from_time=time(9),
        until_time=time(10), slot_minutes=10, capacity=3,
    )  # fmt: skip
    page = url("copy-week", agenda, agenda.pk)
    given = {"source": "2026-11-25", "target": "2026-12-11", "weeks": "2"}
    answer = client.post(page, given, follow=True).content.decode()
    made = agenda.openings.filter(starts_on__gte=date(2026, 12, 1)).order_by("starts_on")
    assert [(row.starts_on, row.every_weeks, row.capacity) for row in made] == [
        (date(2026, 12, 10), 0, 1), (date(2026, 12, 11), 0, 3),
        (date(2026, 12, 17), 0, 1), (date(2026, 12, 18), 0, 3),
    ]  # fmt: skip
    assert [list(row.visit_reasons.all()) for row in made] == [[reason]] * 4
    assert session.number not in [row.number for row in made]
    assert "4 plages ajoutées. 2 y étaient déjà" in answer
    assert free_slots(
        visit_reason=reason, since=datetime(2026, 12, 10, tzinfo=UTC),
        until=datetime(2026, 12, 11, tzinfo=UTC), now=now,
    )  # fmt: skip
    # Copied again, everything is there.
    client.post(page, given)
    assert made.count() == 4


def test_what_overlaps_is_left_out_of_a_copied_week(agenda, reason, client):
    make_opening(
        agenda, reason, starts_on=date(2026, 11, 26), every_weeks=0, from_time=time(14),
        until_time=time(18),
    )  # fmt: skip
    make_opening(
        agenda, reason, starts_on=date(2026, 12, 10), every_weeks=0, from_time=time(16),
        until_time=time(19),
    )  # fmt: skip
    given = {"source": "2026-11-26", "target": "2026-12-10", "weeks": "1"}
    answer = client.post(url("copy-week", agenda, agenda.pk), given, follow=True)
    assert "0 plage" in answer.content.decode()
    assert agenda.openings.filter(starts_on=date(2026, 12, 10)).count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": "2026-11-27"}, "la même semaine"),
        ({"weeks": "27"}, "26"),
        ({"source": "hier"}, "date"),
    ],
)
def test_a_week_that_cannot_be_copied_is_said(agenda, client, changed, words):
    given = {"source": "2026-11-25", "target": "2026-12-10", "weeks": "1", **changed}
    page = client.post(url("copy-week", agenda, agenda.pk), given).content.decode()
    assert words in page
