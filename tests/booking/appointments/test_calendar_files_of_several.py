"""Calendar files of several visits: a series, a chain, a family; and how their sequence rises."""

from datetime import timedelta

import pytest
import recurring_ical_events
from django.core import mail
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from booking.appointments.change import cancel, move
from booking.appointments.desk import drag
from booking.appointments.several import series
from booking.appointments.several.together import book_together
from booking.appointments.values import By, Conditions
from booking.models import Appointment
from booking.models.appointment import Channel
from booking.outbox import sending
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
)
from tests.support.booked import booked
from tests.support.calendar_files import NINE, in_series, last_mail, parts_of, practice, reason, uid  # noqa: F401

pytestmark = pytest.mark.django_db


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


def events_of(parts):
    return {str(e["UID"]): e for _name, calendar in parts for e in calendar.walk("VEVENT")}


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
