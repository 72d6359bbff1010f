"""Following an agenda by cursor: nothing is missed, whatever commits when."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from booking.appointments import change, marking
from booking.appointments.book import book
from booking.appointments.queries.changes import Place, changes_since
from booking.appointments.values import By
from booking.models import Appointment
from booking.models.appointment import Channel, Status
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.partners.software import KEY, Software

START = datetime(2026, 11, 30, 8, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def credential(agenda):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda)
    return credential


def booked(agenda, now, number=0):
    return book(
        visit_reason=agenda.visit_reasons.get(),
        starts_at=START + number * timedelta(minutes=30),
        patient=make_patient(make_account()),
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )


def walk(software, cursor=None, **query):
    """Everything since a cursor, and the cursor of the next walk."""
    found = []
    while True:
        answer = software.get("changes", **({"cursor": cursor} if cursor else {}), **query)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        found += page["changes"]
        cursor = page["next"]
        if not page["more"]:
            return found, cursor


@pytest.mark.django_db(transaction=True)
def test_a_first_walk_shows_all_and_the_next_what_changed(agenda, credential, now):
    rows = [booked(agenda, now, number) for number in range(5)]
    software = Software(credential)
    found, cursor = walk(software, limit=2)
    assert [row["id"] for row in found] == [str(row.pk) for row in rows]
    assert not found[0]["gone"]
    change.cancel(
        appointment=rows[1], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now
    )
    marking.mark(
        appointment=rows[0], status=Status.ARRIVED, actor=practice_actor(), now=rows[0].starts_at
    )
    later, _cursor = walk(software, cursor)
    assert [(row["id"], row["status"]) for row in later][-2:] == [
        (str(rows[1].pk), "cancelled"), (str(rows[0].pk), "arrived")
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_late_cancellation_is_called_late(agenda, credential, now):
    late, other = booked(agenda, now), booked(agenda, now, 1)
    at = late.starts_at - timedelta(hours=1)
    for row, channel in ((late, Channel.PATIENT), (other, Channel.PRACTICE)):
        change.cancel(appointment=row, by=By(actor=practice_actor(), channel=channel), now=at)
    software = Software(credential)
    found, _cursor = walk(software)
    assert {row["id"]: row["cancelled_late"] for row in found} == {
        str(late.pk): True, str(other.pk): False,
    }  # fmt: skip
    assert software.get(f"appointments/{late.pk}").json()["cancelled_late"] is True
    assert software.get(f"appointments/{other.pk}").json()["cancelled_late"] is False


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_not_missed(agenda, credential, now):
    """A change that began first and commits last has the lower number."""
    first, second = booked(agenda, now), booked(agenda, now, 1)
    software = Software(credential)
    _found, cursor = walk(software)
    began, may_end = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                marking.mark(
                    appointment=first,
                    status=Status.ARRIVED,
                    actor=practice_actor(),
                    now=first.starts_at,
                )
                began.set()
                may_end.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(10)
    marking.mark(
        appointment=second, status=Status.SEEN, actor=practice_actor(), now=second.starts_at
    )
    found, cursor = walk(software, cursor)
    assert (str(second.pk), "seen") in [(row["id"], row["status"]) for row in found]
    assert str(first.pk) not in [row["id"] for row in found if row["status"] == "arrived"]
    may_end.set()
    thread.join(10)
    found, cursor = walk(software, cursor)
    assert (str(first.pk), "arrived") in [(row["id"], row["status"]) for row in found]


def test_who_leaves_for_an_agenda_that_is_not_granted_is_gone(agenda, credential, now):
    row = booked(agenda, now)
    elsewhere = make_agenda(practice=agenda.practice)
    reason = make_reason(elsewhere)
    make_opening(elsewhere, reason)
    change.move(
        appointment=row,
        starts_at=START,
        visit_reason=reason,
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now,
    )
    found, _cursor = walk(Software(credential))
    assert [(r["id"], r["agenda"], r["gone"]) for r in found] == [
        (str(row.pk), str(agenda.pk), True)
    ]
    assert (found[0]["starts_at"], found[0]["patient"], found[0]["status"]) == (None, None, None)
    make_other = make_credential("Autre", key=KEY)
    make_grant(make_other, agenda, elsewhere)
    found, _cursor = walk(Software(make_other))
    assert [(r["id"], r["gone"]) for r in found] == [(str(row.pk), False)]
    assert found[0]["agenda"] == str(elsewhere.pk)


def test_any_way_of_changing_a_row_is_noticed(agenda, now):
    row = booked(agenda, now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE booking_appointment SET changed_in = 1")
        cursor.execute("SELECT changed_in FROM booking_appointment")
        assert cursor.fetchone()[0] > 1
    Appointment.unscoped.update(new_patient=False)
    page = changes_since(agenda_ids=[agenda.pk], place=Place(), limit=10)
    assert [found.appointment_id for found in page.changes] == [row.pk]


def test_a_cursor_survives_being_written_and_read(agenda, now):
    booked(agenda, now), booked(agenda, now, 1)
    page = changes_since(agenda_ids=[agenda.pk], place=Place(), limit=1)
    assert page.more
    assert Place.read(str(page.next)) == page.next


@pytest.mark.parametrize("text", ["", "x", "0.0", "0.-1." + "0" * 32, "0.0." + "0" * 33,
                                  "0." + "f" * 16 + "." + "0" * 32, "٠.0." + "0" * 32, "0.0.\n"])  # fmt: skip
def test_a_made_up_cursor_is_refused(agenda, credential, text):
    answer = Software(credential).get("changes", cursor=text)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:doctolib:problem:cursor-invalid"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_costs_as_many_queries_whatever_its_size(
    agenda, credential, now, rows, django_assert_max_num_queries
):
    for number in range(min(rows, 6)):
        booked(agenda, now, number)
    software = Software(credential)
    with django_assert_max_num_queries(6):
        software.get("changes", limit=rows)


@pytest.mark.django_db(transaction=True)
def test_several_agendas_come_in_one_order(agenda, credential, now):
    """A page takes what changed first, whichever agenda it is of, what is gone included."""
    other = make_agenda()
    make_opening(other, make_reason(other))
    make_grant(credential, other)
    rows = [booked(each, now, number) for number in range(3) for each in (agenda, other)]
    left = rows.pop(2)
    Appointment.unscoped.filter(pk=left.pk).update(agenda=make_agenda())
    expected = [(str(row.pk), False) for row in rows] + [(str(left.pk), True)]
    for limit in (1, 4, 500):
        found, _cursor = walk(Software(credential), limit=limit)
        assert [(row["id"], row["gone"]) for row in found] == expected
