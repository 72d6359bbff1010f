"""An absence says where its appointments could go, moves them together and tells all at once."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse
from django_scopes import scope

from audit.models import Entry
from booking.appointments.absences import absences
from booking.appointments.absences.absences import Booked
from booking.models import Appointment, Message
from booking.models.appointment import Channel
from booking.outbox import sending
from practitioners.models import Absence
from practitioners.templatetags.doctolib import iso
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import NINE, booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HALF = timedelta(minutes=30)
WEEK = timedelta(weeks=1)
NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)


@pytest.fixture
def world(now):
    """Three visits on a Monday morning; the week after, nine o'clock is taken."""
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    rows = [
        booked(reason, now, starts_at=NINE + n * HALF, patient=make_patient(make_account(), first_name=name),
               channel=Channel.PRACTICE)
        for n, name in enumerate(("Anatole", "Berthe", "Célestin"))
    ]  # fmt: skip
    booked(reason, now, starts_at=NINE + WEEK)
    Message.objects.all().delete()
    return agenda, rows


def post(agenda, **more):
    desk = verified_client(make_member(agenda.practice, role="owner").account)
    data = {
        "agendas": [agenda.pk], "from_day": "2026-11-30", "until_day": "2026-11-30", "label": "",
    }  # fmt: skip
    return desk.post(reverse("booking:new-absence", args=[agenda.practice_id]), data | more)


def test_first_choices_can_all_be_taken_together(world, now):
    _agenda, rows = world
    found = absences.ways_out(appointments=rows, starts_at=NINE - HALF, until=NOON + HALF, now=now)
    firsts = [found[row.pk][0] for row in rows]
    assert firsts == [NINE + WEEK + n * HALF for n in (1, 2, 3)]
    assert NINE + WEEK not in {at for choices in found.values() for at in choices}
    # Not into the closed time itself.
    assert not any(NINE - HALF <= at < NOON + HALF for choices in found.values() for at in choices)


def test_they_go_where_the_practice_says_and_all_are_told_with_its_words(world, now):
    agenda, rows = world
    page = post(agenda).content.decode()
    assert "Anatole" in page and "annulés, et les patients prévenus" in page
    assert not Absence.objects.exists()
    answer = post(
        agenda, booked="move", words="Le cabinet ferme pour travaux.",
        **{
            f"vers-{rows[0].pk}": (NINE + WEEK + HALF).isoformat(),
            f"vers-{rows[1].pk}": "cancel",
            f"vers-{rows[2].pk}": "keep",
            "vers-x": "cancel",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    for row in rows:
        row.refresh_from_db()
    assert rows[0].starts_at == NINE + WEEK + HALF
    assert [row.status for row in rows] == ["booked", "cancelled", "booked"]
    assert rows[2].starts_at == NINE + 2 * HALF
    assert Absence.objects.count() == 1
    sending.send_owed(now=datetime.now(UTC) + timedelta(days=1))
    told = {letter.subject.partition(" ")[2].partition("\u00a0")[0] for letter in mail.outbox}
    assert told == {"déplacé", "annulé"}
    assert all("Le cabinet ferme pour travaux." in letter.body for letter in mail.outbox)
    assert all("Le cabinet ferme" in letter.alternatives[0][0] for letter in mail.outbox)


@pytest.mark.parametrize("choice", ["move", "keep", "cancel"])
@pytest.mark.parametrize("bad", ["demain", "2026-12-07T08:00", "x"])
def test_one_time_that_cannot_be_read_changes_nothing(world, choice, bad):
    """A visit whose new time is dropped would stay in the closed time, and nobody would know."""
    agenda, rows = world
    before = list(Appointment.unscoped.order_by("pk").values_list("starts_at", "status"))
    given = {f"vers-{row.pk}": (NINE + WEEK + n * HALF).isoformat() for n, row in enumerate(rows)}
    answer = post(agenda, booked=choice, words="Travaux.", **given | {f"vers-{rows[1].pk}": bad})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Une des heures choisies n’est pas lisible" in page and "Travaux." in page
    assert before == list(Appointment.unscoped.order_by("pk").values_list("starts_at", "status"))
    assert not Absence.objects.exists()


def test_when_a_slot_is_gone_nothing_is_changed_and_nothing_is_lost(world):
    agenda, rows = world
    answer = post(
        agenda, booked="move", words="Travaux.",
        **{
            f"vers-{rows[0].pk}": (NINE + WEEK + HALF).isoformat(),
            f"vers-{rows[1].pk}": (NINE + WEEK).isoformat(),
        },
    )  # fmt: skip
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Rien n’est changé" in page and "Travaux." in page
    wanted = re.escape(iso(NINE + WEEK + HALF))
    assert re.search(f'<option value="{wanted}" selected>', page), "what was chosen stays chosen"
    assert not Absence.objects.exists() and not Message.objects.exists()
    rows[0].refresh_from_db()
    assert rows[0].starts_at == NINE


def test_the_messages_are_shown_before_they_leave(world):
    agenda, _rows = world
    page = post(agenda, booked="move", words="Travaux au cabinet.", preview="1").content.decode()
    assert page.count("Travaux au cabinet.") == 3
    assert "Rendez-vous déplacé" in page and "Rendez-vous annulé" in page
    assert "Bonjour …," in page
    assert not Absence.objects.exists() and not Message.objects.exists()


def test_each_kind_of_message_is_shown_with_how_many_get_it(world, now, time_machine):
    """Two own visits, a child's, a video visit in English, a text, two of a series, and somebody
    whom nothing reaches: what is shown is what leaves, without anybody's name."""
    agenda, _rows = world
    reason = agenda.visit_reasons.get()
    video = make_reason(agenda, name="Téléconsultation", teleconsultation=True)
    for opening in agenda.openings.all():
        opening.visit_reasons.add(video)
    english = make_account("english@exemple.fr", language="en")
    child = make_patient(make_account(), relation="child", first_name="Lou")
    series = uuid4()
    whom = [
        (child, reason, None),
        (make_patient(english), video, None),
        (make_patient(email="", phone="+33639980001"), reason, None),
        (make_patient(email="", phone=""), reason, None),
    ]
    several = make_patient(make_account())
    whom += [(several, reason, series), (several, reason, series)]
    for n, (patient, why, together) in enumerate(whom, 3):
        booked(
            why, now, starts_at=NINE + n * HALF, patient=patient, channel=Channel.PRACTICE,
            anywhere=True, series=together,
        )  # fmt: skip
    Message.objects.all().delete()
    before = set(Entry.objects.values_list("pk", flat=True))
    answer = post(agenda, booked="cancel", words="Travaux.", until_day="2026-11-30", preview="1")
    letters = answer.context["letters"]
    assert not Message.objects.exists() and not Absence.objects.exists()
    assert {row.status for row in Appointment.unscoped.filter(agenda=agenda)} == {"booked"}
    # The list of visits is read, and nothing else: no name is opened for what is shown.
    assert set(Entry.objects.exclude(pk__in=before).values_list("action", flat=True)) <= {"reveal"}
    shown = [(each.channel, each.language, each.count) for each in letters]
    assert shown[0] == ("email", "fr", 3)
    assert sorted(shown[1:]) == [
        ("email", "en", 1), ("email", "fr", 1), ("email", "fr", 1), ("sms", "fr", 1),
    ]  # fmt: skip
    assert "Lou" not in answer.content.decode().split('id="letters"')[1]
    assert "votre enfant" in answer.content.decode()
    # It is what leaves, as many times.
    assert post(agenda, booked="cancel", words="Travaux.").status_code == 302
    assert Message.objects.count() == sum(each.count for each in letters)


def test_cancelling_all_says_the_words_too(world, now):
    agenda, _rows = world
    with scope(practice=agenda.practice):
        changed = absences.close_time(
            agendas=[agenda], starts_at=NINE, until=NOON, label="", booked=Booked.CANCEL,
            actor=_actor(agenda), now=now, words="Désolés.",
        )  # fmt: skip
    assert len(changed) == 3
    assert set(Message.objects.values_list("kind", "words")) == {("cancellation", "Désolés.")}


def _actor(agenda):
    from tests.factories import practice_actor

    return practice_actor(agenda.practice)


@pytest.mark.parametrize("hours", [0, 1, 24 * 90])
def test_an_absence_that_is_over_has_no_way_out_and_no_error(world, now, time_machine, hours):
    agenda, rows = world
    time_machine.move_to(NOON + absences.SEARCHED + timedelta(hours=hours))
    # What is over is asked nothing about.
    assert post(agenda, booked="move").status_code == 302
    assert {row.status for row in Appointment.unscoped.filter(agenda=agenda)} == {"booked"}
    found = absences.ways_out(
        appointments=rows, starts_at=NINE, until=NOON, now=NOON + timedelta(days=90)
    )
    assert found == {row.pk: [] for row in rows}


def test_a_choice_that_would_be_ignored_is_refused_and_kept(world):
    agenda, rows = world
    proposed = {f"propose-{row.pk}": iso(NINE + WEEK + n * HALF) for n, row in enumerate(rows, 1)}
    as_proposed = {f"vers-{row.pk}": proposed[f"propose-{row.pk}"] for row in rows}
    page = post(agenda).content.decode()
    for name, value in proposed.items():
        assert f'name="{name}" value="{value}"' in page
    other = iso(NINE + WEEK + 4 * HALF)
    chosen = proposed | as_proposed | {f"vers-{rows[1].pk}": other}
    for booked_as, words in (("keep", "qui restent pris"), ("cancel", "qui seraient annulés")):
        for preview in ({}, {"preview": "1"}):
            answer = post(agenda, booked=booked_as, words="Travaux.", **chosen, **preview)
            page = answer.content.decode()
            assert answer.status_code == 409 and words in page and "Travaux." in page
            assert f'<option value="{other}" selected>' in page
            assert f'value="{booked_as}" id="{booked_as}" checked' in page
            # What was proposed first is still told from what was chosen.
            assert (
                f'name="propose-{rows[1].pk}" value="{proposed[f"propose-{rows[1].pk}"]}"' in page
            )
    assert not Absence.objects.exists()
    # A list that was left alone says nothing, and "laisser" agrees.
    left = proposed | as_proposed | {f"vers-{rows[1].pk}": "keep"}
    assert post(agenda, booked="keep", **left).status_code == 302
    assert {row.starts_at for row in Appointment.unscoped.filter(pk=rows[1].pk)} == {NINE + HALF}


def test_two_that_are_sent_to_one_time_are_named_already_in_the_preview(world):
    agenda, rows = world
    to = {f"vers-{row.pk}": iso(NINE + WEEK + HALF) for row in rows[:2]}
    for more in ({"preview": "1"}, {}):
        answer = post(agenda, booked="move", **to, **more)
        assert answer.status_code == 409
        (problem,) = re.findall(r'role="alert">([^<]*)</p>', answer.content.decode())
        assert "Anatole Lefèvre et Berthe Lefèvre iraient à la même heure" in problem
        assert "lun. 7 déc., 09:30" in problem and "Célestin" not in problem
    # Overlapping without one hour: both hours are said, and every such pair at once.
    quarter = timedelta(minutes=15)
    near = {f"vers-{row.pk}": iso(NINE + WEEK + n * quarter) for n, row in enumerate(rows)}
    (problem,) = re.findall(
        r'role="alert">([^<]*)</p>', post(agenda, booked="move", **near).content.decode()
    )
    assert "Anatole Lefèvre (lun. 7 déc., 09:00) et Berthe Lefèvre (lun. 7 déc., 09:15)" in problem
    assert "Berthe Lefèvre (lun. 7 déc., 09:15) et Célestin Lefèvre (lun. 7 déc., 09:30)" in problem
    assert "à la même heure" not in problem
    assert not Absence.objects.exists()
    apart = {f"vers-{rows[0].pk}": iso(NINE + WEEK + HALF)}
    apart |= {f"vers-{rows[1].pk}": iso(NINE + WEEK + 2 * HALF)}
    assert post(agenda, booked="move", preview="1", **apart).status_code == 200
