"""The .ics files of visits, read back by real parsers: RFC 5545, 5546 and 6047."""

import email
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from django.core import mail
from django.test import Client
from django.urls import reverse
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from booking.appointments.change import cancel, move
from booking.appointments.desk import drag
from booking.appointments.several import series
from booking.appointments.several.together import book_together
from booking.appointments.values import By, Conditions
from booking.models import Appointment, Message
from booking.models.appointment import Channel
from booking.outbox import sending
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

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


@pytest.fixture
def practice():
    return make_practice(phone="0247000001", reminder_hours=[])


@pytest.fixture
def reason(practice):
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda, series_at_most=10, cancel_deadline_hours=0, horizon_days=365)
    make_opening(agenda, reason)
    return reason


def chained(practice, **values):
    """A visit reason that is followed by a colleague's."""
    second = make_reason(make_agenda(practice=practice), name="Contrôle", active=False, **values)
    first = make_reason(
        make_agenda(practice=practice), then=second, then_within_minutes=60,
        cancel_deadline_hours=0,
    )  # fmt: skip
    make_opening(first.agenda, first)
    make_opening(second.agenda, second)
    return first


def parts_of(letter):
    """The calendar parts of a mail as it travels, each checked against what it says of itself."""
    message = email.message_from_bytes(letter.message().as_bytes(linesep="\r\n"))
    found = []
    for part in message.walk():
        if part.get_content_type() != "text/calendar":
            continue
        content = part.get_payload(decode=True)
        calendar = Calendar.from_ical(content)
        check(calendar, content)
        assert part.get_param("method") == calendar["METHOD"]
        assert part.get_content_charset() == "utf-8"
        found.append((part.get_filename(), calendar))
    return found


def check(calendar, content):
    """What RFC 5545 and 5546 ask of every object, and what another parser reads in it."""
    method = calendar["METHOD"]
    text = content.decode()
    lines = text.split("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert lines[-1] == ""
    # Octets, and none of them in the middle of a letter.
    assert all(len(line.encode()) <= 75 for line in lines)
    read_elsewhere(calendar, text)
    assert calendar["VERSION"] == "2.0"
    events = calendar.walk("VEVENT")
    assert events
    if method in ("REQUEST", "CANCEL"):
        assert len({event["UID"] for event in events}) == 1
    for event in events:
        assert not event.errors
        for name in ("UID", "DTSTAMP", "DTSTART", "ORGANIZER", "SEQUENCE", "SUMMARY"):
            assert name in event, name
        assert event["ORGANIZER"].startswith("mailto:")
        assert "LAST-MODIFIED" in event
        assert ("ATTENDEE" in event) == (method != "PUBLISH")
        assert (event["STATUS"] == "CANCELLED") >= (method == "CANCEL")
        assert bool(event.walk("VALARM")) == (event["STATUS"] != "CANCELLED")
        # Names nobody but the practitioner and the practice.
        assert not re.search("Lefèvre|Zoé", str(event.to_ical().decode()))


def read_elsewhere(calendar, text):
    """Home Assistant's parser, which shares no code with ours, reads the same."""
    found = IcsCalendarStream.calendar_from_ics(text)
    assert found.method == calendar["METHOD"]
    events = calendar.walk("VEVENT")
    assert len(found.events) == len(events)
    for other, event in zip(found.events, events, strict=True):
        assert (other.uid, other.sequence) == (event["UID"], event["SEQUENCE"])
        assert (other.start, other.end) == (event.start, event.end)
        assert other.status.value == event["STATUS"]
        assert other.summary == event["SUMMARY"]
        assert other.description == event["DESCRIPTION"]
        assert str(other.organizer.uri) == event["ORGANIZER"]
        assert other.organizer.common_name == event["ORGANIZER"].params["CN"]
        assert [str(each.uri) for each in other.attendees] == list(
            filter(None, [event.get("ATTENDEE")])
        )
        assert [each.action for each in other.alarm] == ["DISPLAY"] * len(event.walk("VALARM"))


def last_mail(now):
    mail.outbox.clear()
    assert sending.send_owed(now=now) == 1
    return mail.outbox[-1]


def events_of(parts):
    return {str(e["UID"]): e for _name, calendar in parts for e in calendar.walk("VEVENT")}


def uid(visit):
    return f"{visit.pk}@doctolib.example"


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


def in_series(reason, now, weeks):
    first = booked(reason, now, patient=make_patient(make_account()))
    last_mail(now)
    made = series.book_series(
        appointment=first,
        starts=[NINE + timedelta(weeks=n) for n in weeks],
        by=By(actor=practice_actor(), channel=Channel.PRACTICE),
        now=now + timedelta(minutes=1),
    )
    return [first, *made]


def test_a_series_is_in_one_file(reason, now):
    visits = in_series(reason, now, weeks=[1, 2, 3])
    (_none, invite), (name, file) = parts_of(last_mail(now + timedelta(minutes=1)))
    assert (invite["METHOD"], file["METHOD"], name) == ("REQUEST", "PUBLISH", "rendez-vous.ics")
    assert {str(e["UID"]) for e in file.walk("VEVENT")} == {uid(visit) for visit in visits}
    shown = recurring_ical_events.of(file)
    for visit in visits:
        [event] = shown.at(visit.starts_at.date())
        assert event.start == visit.starts_at


def test_the_end_of_a_series_cancels_each_of_it(reason, now):
    visits = in_series(reason, now, weeks=[1, 2, 3])
    last_mail(now + timedelta(minutes=1))
    later = now + timedelta(hours=1)
    series.cancel_with_following(
        appointment=visits[1], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=later
    )
    parts = parts_of(last_mail(later))
    assert {calendar["METHOD"] for _name, calendar in parts} == {"CANCEL"}
    names = [name for name, _calendar in parts]
    assert names == [None, "rendez-vous.ics", "rendez-vous-2.ics", "rendez-vous-3.ics"]
    assert set(events_of(parts)) == {uid(visit) for visit in visits[1:]}


def test_a_chain_is_in_one_file_and_moves_and_ends_together(practice, now):
    account = make_account()
    visit = booked(chained(practice), now, patient=make_patient(account))
    _invite, (_name, file) = parts_of(last_mail(now))
    first, second = file.walk("VEVENT")
    assert (first.start, second.start) == (NINE, NINE + timedelta(minutes=30))
    # Each leads to its page; the second is changed by the first.
    assert "Voir ou annuler : http" in first["DESCRIPTION"]
    assert "Voir : http" in second["DESCRIPTION"]
    how = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE)}
    later = now + timedelta(hours=1)
    move(appointment=visit, starts_at=NINE + timedelta(hours=2), now=later, **how)
    moved = events_of(parts_of(last_mail(later)))
    assert {e["SEQUENCE"] for e in moved.values()} == {1}
    assert set(moved) == {str(first["UID"]), str(second["UID"])}
    cancel(appointment=visit, now=later, **how)
    gone = events_of(parts_of(last_mail(later)))
    assert set(gone) == set(moved)
    assert {e["STATUS"] for e in gone.values()} == {"CANCELLED"}


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


def test_each_of_a_family_has_a_mail_with_its_own_visit(reason, now):
    account = make_account("zoe@exemple.fr")
    people = [
        make_patient(account, first_name=name, relation=relation)
        for name, relation in (("Ana", "self"), ("Léo", "child"), ("Inès", "child"))
    ]
    made = book_together(
        visit_reason=reason,
        starts_at=NINE,
        patients=people,
        key="",
        by=By(actor=practice_actor(), channel=Channel.PATIENT, account=account),
        now=now,
    )
    mail.outbox.clear()
    assert sending.send_owed(now=now) == 3
    told = [events_of(parts_of(letter)) for letter in mail.outbox]
    whose = [event["DESCRIPTION"].partition("\n")[0] for each in told for event in each.values()]
    assert whose.count("Pour votre enfant") == 2
    assert sorted(key for each in told for key in each) == sorted(uid(visit) for visit in made)
    assert all(len(each) == 1 for each in told)
    # Cancelling one takes the others' away from no calendar.
    mail.outbox.clear()
    later = now + timedelta(hours=1)
    cancel(appointment=made[1], by=By(actor=practice_actor(), channel=Channel.PRACTICE), now=later)
    [gone] = events_of(parts_of(last_mail(later))).values()
    assert (gone["UID"], gone["STATUS"], gone["SEQUENCE"]) == (uid(made[1]), "CANCELLED", 1)


def test_a_new_length_raises_the_sequence_of_whatever_is_sent_next(reason, now):
    """Programs keep what has the highest SEQUENCE: a mail of the same one would be ignored."""
    visit = booked(reason, now, patient=make_patient(make_account()))
    (_n, before), _file = parts_of(last_mail(now))
    actor = practice_actor()
    drag.resize(appointment=visit, minutes=50, actor=actor, now=now)
    [old], visit = before.walk("VEVENT"), Appointment.unscoped.get(pk=visit.pk)
    client = Client()
    client.force_login(visit.patient.account, backend="booking.backends.EmailBackend")
    answer = client.get(reverse("booking:calendar-file", args=[visit.pk]))
    [new] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (new["SEQUENCE"], new.end) == (old["SEQUENCE"] + 1, NINE + timedelta(minutes=50))
    move(
        appointment=visit,
        starts_at=NINE + timedelta(hours=1),
        by=By(actor=actor, channel=Channel.PRACTICE),
        conditions=Conditions(minutes=50),
        now=now,
    )
    (_n, after), _file = parts_of(last_mail(now + timedelta(minutes=1)))
    assert after.walk("VEVENT")[0]["SEQUENCE"] == 2


def test_a_move_within_a_series_and_back_only_ever_rises(reason, now):
    """Programs keep what has the highest SEQUENCE: it never falls, wherever the visit goes."""
    visits = in_series(reason, now, weeks=[1, 2])
    last_mail(now + timedelta(minutes=1))
    how = {"by": By(actor=practice_actor(), channel=Channel.PRACTICE)}
    seen = []
    for n, hour in enumerate((1, 2, 0), start=1):
        later = now + timedelta(hours=n)
        at = NINE + timedelta(weeks=1, hours=hour)
        move(appointment=visits[1], starts_at=at, now=later, **how)
        [event] = events_of(parts_of(last_mail(later))).values()
        assert (event["UID"], event.start) == (uid(visits[1]), at)
        seen.append(event["SEQUENCE"])
    later = now + timedelta(hours=4)
    visits[0].refresh_from_db()
    series.cancel_with_following(appointment=visits[0], now=later, **how)
    gone = events_of(parts_of(last_mail(later)))
    assert {key: event["SEQUENCE"] for key, event in gone.items()} == {
        uid(visits[0]): 1, uid(visits[1]): 4, uid(visits[2]): 1,
    }  # fmt: skip
    assert seen == [1, 2, 3]
