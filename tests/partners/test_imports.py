"""Imported calendars: read again, kept in step, forgotten; and who may not."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import Entry
from partners.domain import feeds, imports
from partners.models import ImportedCalendar
from practitioners.domain.scheduling.availability import free_slots
from practitioners.models import Absence
from tests.factories import (
    make_member,
    practice_actor,
    verified_client,
)
from tests.support.busy_times import calendar

# Calendars are fetched by threads of their own.
pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
BUSY = [
    "SUMMARY:Déjeuner avec Mme Quatrefages", "DTSTART;TZID=Europe/Paris:20261130T090000",
    "DTEND;TZID=Europe/Paris:20261130T100000", "RRULE:FREQ=WEEKLY;COUNT=4",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _still(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def receiver(receiver):
    receiver.status, receiver.content = 200, calendar(*BUSY)
    return receiver


@pytest.fixture
def page(agenda):
    client = verified_client(make_member(agenda.practice, role="owner").account)
    return client, reverse("partners:import-calendar", args=[agenda.practice_id])


@pytest.fixture
def imported(agenda, receiver, now):
    return imports.import_address(
        agenda=agenda, label="Hôpital", url=receiver.url, actor=practice_actor(), now=now
    )


def absences(agenda):
    return list(agenda.absences.order_by("starts_at").values_list("starts_at", "until"))


def free_starts(agenda, now):
    found = free_slots(
        visit_reason=agenda.visit_reasons.get(), since=MONDAY, until=MONDAY + timedelta(hours=10),
        now=now,
    )  # fmt: skip
    return [slot.starts_at for slot in found]


def test_busy_hours_close_the_agenda_and_nothing_else_is_kept(agenda, page, receiver, now):
    assert MONDAY in free_starts(agenda, now)
    client, url = page
    given = {"import-agenda": agenda.pk, "import-label": "Hôpital"}
    answer = client.post(url, given | {"import-url": receiver.url.replace("https", "webcal")})
    assert answer.status_code == 302
    assert absences(agenda)[0] == (MONDAY, MONDAY + timedelta(hours=1))
    assert len(absences(agenda)) == 4
    assert MONDAY not in free_starts(agenda, now)
    row = ImportedCalendar.objects.get()
    assert receiver.url.encode() not in bytes(row.sealed_url)
    assert {absence.label for absence in Absence.objects.all()} == {"Hôpital"}
    notes = Entry.objects.filter(object_id=row.pk).values_list("action", flat=True)
    assert set(notes) == {"calendar-imported", "absences-imported"}
    assert "Hôpital" in client.get(reverse("partners:feeds", args=[agenda.practice_id])).text
    plan = client.get(reverse("booking:week-plan", args=[agenda.practice_id]))
    assert "4 absences de calendriers importés" in plan.text


def test_a_file_is_read_once(agenda, page, now):
    client, url = page
    file = SimpleUploadedFile("a.ics", calendar(*BUSY), "text/calendar")
    given = {"import-agenda": agenda.pk, "import-label": "Hôpital", "import-file": file}
    assert client.post(url, given).status_code == 302
    assert len(absences(agenda)) == 4
    assert imports.read_due(now=now + timedelta(days=30)) == 0


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "Donnez une adresse ou un fichier."),
        ({"import-url": "http://example.org/a.ics"}, "commencer par https"),
        ({"import-url": "https://localhost/a.ics"}, "internet public"),
        ({"import-url": "https://169.254.169.254/latest/meta-data"}, "internet public"),
        ({"import-file": b"no"}, "iCalendar"),
        ({"import-file": b"x" * 5_000_001}, "5\N{NO-BREAK SPACE}Mo"),
    ],
)
def test_what_cannot_be_imported_says_why_and_keeps_what_was_typed(agenda, page, given, error):
    client, url = page
    if isinstance(given.get("import-file"), bytes):
        given = {"import-file": SimpleUploadedFile("a.ics", given["import-file"])}
    answer = client.post(url, {"import-agenda": agenda.pk, "import-label": "Hôpital"} | given)
    assert answer.status_code == 200
    assert error in answer.text
    assert 'value="Hôpital"' in answer.text
    assert not ImportedCalendar.objects.exists()


def test_an_agenda_has_only_so_many_calendars(agenda, now):
    for _number in range(imports.MOST_CALENDARS):
        imports.import_file(
            agenda=agenda, label="L", text=calendar(*BUSY), actor=practice_actor(), now=now
        )
    with pytest.raises(imports.NotImported):
        imports.import_file(
            agenda=agenda, label="L", text=calendar(*BUSY), actor=practice_actor(), now=now
        )


def test_the_agenda_follows_the_calendar(agenda, imported, receiver, now):
    assert imports.read_due(now=now) == 0
    before = set(agenda.absences.values_list("pk", flat=True))
    receiver.content = calendar(*BUSY[:3], "RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE:20261207T080000Z")
    later = now + imports.READ_EVERY
    assert imports.read_due(now=later) == 1
    assert [first.day for first, _last in absences(agenda)] == [30, 14, 21, 28]
    # What stayed the same is the same row, and a reading that changes nothing leaves no entry.
    assert len(before & set(agenda.absences.values_list("pk", flat=True))) == 3
    notes = Entry.objects.filter(action="absences-imported", object_id=imported.pk)
    assert notes.count() == 2
    assert imports.read_due(now=later + imports.READ_EVERY) == 1
    assert notes.count() == 2


def test_past_absences_stay(agenda, imported, receiver, now):
    receiver.content = calendar("DTSTART:20300101T080000Z")
    later = MONDAY + timedelta(days=2)
    with time_machine.travel(later, tick=False):
        imports.read_due(now=later)
    assert [first.day for first, _last in absences(agenda)] == [30]


def test_a_calendar_that_does_not_answer_closes_what_it_closed(agenda, imported, receiver, now):
    receiver.status = 503
    at = now
    for failures, minutes in [(1, 15), (2, 30), (3, 60)]:
        at = ImportedCalendar.objects.get().read_next_at
        assert imports.read_due(now=at) == 1
        row = ImportedCalendar.objects.get()
        assert (row.failures, row.read_next_at) == (failures, at + timedelta(minutes=minutes))
        assert "503" in row.problem
    assert len(absences(agenda)) == 4
    assert row.read_at == now
    client = verified_client(make_member(agenda.practice, role="owner").account)
    shown = client.get(reverse("partners:feeds", args=[agenda.practice_id])).text
    assert "N’a pas pu être relu" in shown
    receiver.status = 200
    imports.read_due(now=row.read_next_at)
    row.refresh_from_db()
    assert (row.failures, row.problem) == (0, "")


def test_an_address_that_became_internal_is_not_read(agenda, imported, receiver, settings, now):
    settings.OUTGOING_MAY_REACH = []
    asked = len(receiver.received)
    imports.read_due(now=now + imports.READ_EVERY)
    assert len(receiver.received) == asked
    assert ImportedCalendar.objects.get().failures == 1


def test_a_redirect_is_not_followed(agenda, receiver, now):
    receiver.status = 302
    with pytest.raises(imports.NotImported, match="302"):
        imports.import_address(
            agenda=agenda, label="L", url=receiver.url, actor=practice_actor(), now=now
        )
    assert len(receiver.received) == 1


def test_a_reader_that_died_lets_go(imported, now):
    due = now + imports.READ_EVERY
    assert len(imports._claim(now=due)) == 1
    assert imports._claim(now=due) == []
    assert len(imports._claim(now=due + imports.CLAIMED)) == 1


def test_what_was_forgotten_while_it_was_read_stays_forgotten(agenda, imported, now):
    (row,) = imports._claim(now=now + imports.READ_EVERY)
    result = imports._fetch_and_read(row, now=now)
    imports.forget(calendar=imported, actor=practice_actor(), now=now)
    imports._note_reading(row, result, now=now)
    assert absences(agenda) == []


def test_forgetting_opens_the_hours_again(agenda, imported, now):
    by_hand = Absence.objects.create(
        agenda=agenda, starts_at=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=2)
    )
    client = verified_client(make_member(agenda.practice, role="owner").account)
    url = reverse("partners:forget-calendar", args=[agenda.practice_id, imported.pk])
    assert client.post(url).status_code == 302
    assert list(agenda.absences.all()) == [by_hand]
    assert not ImportedCalendar.objects.exists()
    assert MONDAY in free_starts(agenda, now)


def test_an_imported_absence_is_not_removed_by_hand(agenda, imported):
    client = verified_client(make_member(agenda.practice, role="owner").account)
    row = agenda.absences.first()
    url = reverse("booking:delete-absence", args=[agenda.practice_id, row.pk])
    answer = client.post(url, follow=True)
    assert "vient d’un calendrier importé" in answer.text
    assert agenda.absences.count() == 4


def test_our_feed_does_not_say_back_what_was_imported(agenda, imported, now):
    feed, _secret = feeds.open_feed(agenda=agenda, label="M", actor=practice_actor(), now=now)
    assert b"VEVENT" not in feeds.feed_text(feed, now=now)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"BEGIN:VCALENDAR\nn'importe quoi\n", "pas un calendrier"),
        (b"BEGIN:VCALENDAR\r\n", "pas un calendrier"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "Aucun événement"),
        (
            calendar("BEGIN:VTODO", "UID:1", "SUMMARY:a", "END:VTODO", event=False),
            "Aucun événement",
        ),
    ],
)
def test_a_file_without_any_event_is_no_success(agenda, page, content, said):
    client, url = page
    file = SimpleUploadedFile("a.ics", content, "text/calendar")
    answer = client.post(
        url, {"import-agenda": agenda.pk, "import-label": "Hôpital", "import-file": file}
    )
    assert answer.status_code == 200
    assert said in answer.text
    assert not ImportedCalendar.objects.exists()


def test_a_calendar_that_closes_nothing_says_so(agenda, page, receiver):
    client, url = page
    given = {"import-agenda": agenda.pk, "import-label": "Hôpital"}
    past = calendar("DTSTART:20200101T080000Z", "DTEND:20200101T090000Z")
    file = SimpleUploadedFile("a.ics", past, "text/calendar")
    answer = client.post(url, given | {"import-file": file}, follow=True)
    assert "aucune heure occupée n’y est à venir" in answer.text
    # An address may be filled later.
    receiver.content = calendar(event=False)
    answer = client.post(url, given | {"import-url": receiver.url}, follow=True)
    assert "aucune heure occupée n’y est à venir" in answer.text
