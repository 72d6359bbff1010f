"""The .ics files of visits, read back by real parsers: RFC 5545, 5546 and 6047."""

import email
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from booking.appointments.change import cancel, move
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import Message
from booking.models.appointment import Channel
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked
from tests.support.calendar_files import (  # noqa: F401
    NINE,
    check,
    in_series,
    last_mail,
    parts_of,
    practice,
    reason,
    uid,
)

pytestmark = pytest.mark.django_db


def test_a_confirmation_is_a_request_that_mail_programs_understand(reason, now):
    account = make_account("zoe@exemple.fr")
    visit = booked(reason, now, patient=make_patient(account))
    letter = last_mail(now)
    structure = [
        part.get_content_type()
        for part in email.message_from_bytes(letter.message().as_bytes()).walk()
    ]
    assert structure == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar",
        "text/calendar",
    ]  # fmt: skip
    (inline, invite), (attached, file) = parts_of(letter)
    assert (inline, attached) == (None, "rendez-vous.ics")
    assert invite.to_ical() == file.to_ical()
    [event] = invite.walk("VEVENT")
    assert (invite["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("REQUEST", "CONFIRMED", 0)
    assert event["UID"] == uid(visit)
    assert event["ATTENDEE"] == "mailto:zoe@exemple.fr"
    assert event["ORGANIZER"].params["CN"] == visit.practice.name
    assert event["ORGANIZER"].removeprefix("mailto:") in letter.from_email
    assert event.start == NINE
    assert event.end == NINE + timedelta(minutes=30)
    assert "12 rue des Tilleuls, 37000 Tours" in event["LOCATION"]
    page = reverse("booking:appointment", args=[visit.pk])
    assert event["URL"].endswith(page)
    assert page in event["DESCRIPTION"]
    assert "02 47 00 00 01" in event["DESCRIPTION"]
    assert "02 47 00 00 01" in event["CONTACT"]
    [alarm] = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(hours=-2))


def test_without_an_account_the_telephone_is_the_way_to_cancel(reason, now):
    patient = make_patient(practice=reason.agenda.practice, email="zoe@exemple.fr", phone="")
    booked(reason, now, patient=patient, channel=Channel.PRACTICE)
    (_inline, invite), _file = parts_of(last_mail(now))
    [event] = invite.walk("VEVENT")
    assert "URL" not in event
    assert event["DESCRIPTION"] == "Téléphone du cabinet\u00a0: 02 47 00 00 01"


def test_a_move_updates_the_same_event(reason, now):
    visit = booked(reason, now, patient=make_patient(make_account()))
    (_n, before), _file = parts_of(last_mail(now))
    later = now + timedelta(hours=1)
    how = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE)}
    move(appointment=visit, starts_at=NINE + timedelta(hours=1), now=later, **how)
    (_n, after), _file = parts_of(last_mail(later))
    [old], [new] = before.walk("VEVENT"), after.walk("VEVENT")
    assert (after["METHOD"], new["UID"]) == ("REQUEST", old["UID"])
    assert new["SEQUENCE"] == old["SEQUENCE"] + 1
    assert new["DTSTAMP"].dt > old["DTSTAMP"].dt
    assert new["LAST-MODIFIED"].dt == later
    assert new.start == NINE + timedelta(hours=1)
    cancel(appointment=visit, now=later + timedelta(hours=1), **how)
    (_n, gone), _file = parts_of(last_mail(later + timedelta(hours=1)))
    [event] = gone.walk("VEVENT")
    assert (gone["METHOD"], event["STATUS"], event["UID"]) == ("CANCEL", "CANCELLED", old["UID"])
    assert event["SEQUENCE"] == 2
    assert event["LAST-MODIFIED"].dt == later + timedelta(hours=1)


def download(account, visit):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    answer = client.get(reverse("booking:calendar-file", args=[visit.pk]))
    assert answer["Content-Type"] == "text/calendar; method=PUBLISH; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    check(calendar, answer.content)
    assert calendar["METHOD"] == "PUBLISH"
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def test_what_is_downloaded_is_published(reason, now):
    visits = in_series(reason, now, weeks=[1, 2])
    account = visits[0].patient.account
    assert set(download(account, visits[1])) == {uid(visit) for visit in visits}
    cancel(appointment=visits[1], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=now)
    # What is cancelled is no longer held by the others' file, and says itself that it is.
    assert set(download(account, visits[0])) == {uid(visits[0]), uid(visits[2])}
    assert download(account, visits[1])[uid(visits[1])]["STATUS"] == "CANCELLED"


@pytest.mark.parametrize("has_account", [True, False])
def test_a_teleconsultation_leads_to_its_page(practice, now, has_account):
    practice.access_info = "Parking à 50 m."
    practice.instructions = "Pensez à votre carte Vitale."
    practice.save()
    reason = make_reason(make_agenda(practice=practice), teleconsultation=True)
    make_opening(reason.agenda, reason)
    account = make_account() if has_account else None
    visit = booked(
        reason, now, patient=make_patient(account, practice=practice, email="z@exemple.fr")
    )
    letter = last_mail(now)
    (_inline, invite), _file = parts_of(letter)
    [event] = invite.walk("VEVENT")
    link = reverse("booking:video", args=[visit.pk])
    assert event["LOCATION"].endswith(link if has_account else "Téléconsultation")
    assert event.walk("VALARM")[0]["TRIGGER"].dt == timedelta(minutes=-15)
    whole = f"{letter.body} {letter.alternatives[0].content} {event.to_ical().decode()}"
    for word in ("Parking", "Vitale", "Tilleuls,", "rue des", "Tours", "openstreetmap"):
        assert word not in whole
    assert "téléconsultation" in whole.lower()
    if account is None:
        return
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    page = client.get(reverse("booking:appointment", args=[visit.pk])).content.decode()
    for word in ("Parking", "Vitale", "rue des", "openstreetmap"):
        assert word not in page


def test_the_hour_stays_when_the_clocks_change(reason, now):
    """Nine in the morning before and after the last Sunday of March."""
    visits = in_series(reason, now, weeks=[1])
    spring = datetime.combine(date(2027, 4, 5), time(7), UTC)
    visits += series.book_series(
        appointment=visits[0],
        starts=[spring],
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now + timedelta(minutes=2),
    )
    Message.objects.exclude(appointment=visits[-1]).delete()
    _invite, (_name, file) = parts_of(last_mail(now + timedelta(minutes=2)))
    zone = visits[0].practice.zone
    clocks = {event.start.astimezone(zone).time() for event in file.walk("VEVENT")}
    assert clocks == {time(9)}


def test_the_file_speaks_its_readers_language(reason, now):
    account = make_account(language="en")
    booked(reason, now, patient=make_patient(account))
    (_inline, invite), _file = parts_of(last_mail(now))
    [event] = invite.walk("VEVENT")
    assert event["DESCRIPTION"].startswith("See or cancel: ")
    assert "Phone of the practice: 02 47 00 00 01" in event["DESCRIPTION"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        # UTC is so many hours ahead of the wall clock.
        ("Indian/Reunion", date(2026, 11, 30), -4),
        ("Indian/Mayotte", date(2026, 11, 30), -3),
        ("America/Guadeloupe", date(2026, 11, 30), 4),
        ("America/Cayenne", date(2026, 11, 30), 3),
        # Saint-Pierre-et-Miquelon has summer as America does, two weeks before Europe.
        ("America/Miquelon", date(2026, 11, 30), 3),
        ("America/Miquelon", date(2027, 3, 15), 2),
        ("Europe/Paris", date(2027, 3, 15), -1),
        ("Europe/Paris", date(2027, 3, 30), -2),
        ("Pacific/Noumea", date(2026, 11, 30), -11),
        ("Pacific/Tahiti", date(2026, 11, 30), 10),
        ("Pacific/Marquesas", date(2026, 11, 30), 9.5),
    ],
)
def test_a_visit_overseas_is_at_its_practices_hour(zone, day, hours, now):
    """An instant in UTC needs no rules of a zone, which programs have wrong or do not have."""
    practice = make_practice(time_zone=zone, reminder_hours=[])
    reason = make_reason(make_agenda(practice=practice), horizon_days=365)
    make_opening(reason.agenda, reason, starts_on=day)
    nine = datetime.combine(day, time(9), ZoneInfo(zone)).astimezone(UTC)
    booked(reason, now, starts_at=nine, patient=make_patient(make_account()))
    (_inline, invite), _file = parts_of(last_mail(now))
    [event] = invite.walk("VEVENT")
    assert event.start == datetime.combine(day, time(9), UTC) + timedelta(hours=hours)
    assert event.to_ical().decode().count("TZID") == 0
    assert not invite.walk("VTIMEZONE")


def test_long_names_with_accents_commas_and_signs_arrive_whole(now):
    """Lines are folded at 75 octets, of which an accent takes two and a sign of today four."""
    name = "Maison de santé « Cœur d’Hérault », pôle : âges ; été\\hiver " + "é€🩺" * 12
    practice = make_practice(
        name=name, address="3, rue de l’Île-aux-Œufs ; bât. B", phone="0247000001",
        reminder_hours=[],
    )  # fmt: skip
    reason = make_reason(
        make_agenda(practice=practice), name="Contrôle, suivi ; à jeun\\" + "ç" * 50
    )
    make_opening(reason.agenda, reason)
    booked(reason, now, patient=make_patient(make_account()))
    (_inline, invite), _file = parts_of(last_mail(now))
    [event] = invite.walk("VEVENT")
    assert event["SUMMARY"].endswith(reason.name)
    assert event["LOCATION"].startswith(f"{name}, 3, rue de l’Île-aux-Œufs ; bât. B, 37000 Tours")
    assert event["CONTACT"] == f"{name}, 02 47 00 00 01"
    assert event["ORGANIZER"].params["CN"] == name
