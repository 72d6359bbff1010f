"""What pages say of visits that are cancelled, over, several in a row, a series, or by video."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from audit.record.entries import system_actor
from booking.appointments.chains import follower
from booking.appointments.change import cancel
from booking.appointments.values import By
from booking.models import Appointment, Message
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.outbox import kinds
from practitioners.models import Absence
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    verified_client,
)
from tests.support.any_order import confirm_at
from tests.support.booked import booked
from tests.support.forms_on_page import forms_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
WEEK = timedelta(weeks=1)
NOW_PLANNED, WAS_PLANNED = "Prévu actuellement", "Il était prévu le lundi 30 novembre 2026"


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def family(account):
    return [
        make_patient(account),
        make_patient(account, first_name="Aurèle", relation=Relation.CHILD),
    ]


def open_reason(practice=None, **values):
    agenda = make_agenda(practice=practice)
    row = make_reason(agenda, **values)
    make_opening(agenda, row, until_time=time(12))
    return row


def read(client, name, row):
    return client.get(reverse(f"booking:{name}", args=[row.pk])).content.decode()


@pytest.mark.parametrize("name", ["move", "cancel"])
@pytest.mark.parametrize("by", [Channel.PATIENT, Channel.PRACTICE])
def test_a_cancelled_visit_was_planned_and_is_no_more(name, by, account, now):
    row = booked(open_reason(), now, patient=make_patient(account))
    client = verified_client(account)
    cancel(appointment=row, by=By(actor=system_actor(), channel=by), now=now)
    text = read(client, name, row)
    assert WAS_PLANNED in text and NOW_PLANNED not in text


@pytest.mark.parametrize("name", ["move", "cancel"])
@pytest.mark.parametrize("status", ["booked", "seen", "no_show"])
def test_a_visit_that_is_over_is_not_planned_either(name, status, account, now, time_machine):
    row = booked(open_reason(), now, patient=make_patient(account))
    Appointment.unscoped.update(status=status)
    time_machine.move_to(NINE + HALF)
    text = read(verified_client(account), name, row)
    assert "Rendez-vous du lundi 30 novembre 2026" in text and NOW_PLANNED not in text


def test_taking_an_appointment_again_answers_nothing_for_the_patient(account, now):
    """After a first visit that was cancelled the patient is as new as before."""
    reason = open_reason(patient_kind="new")
    row = booked(reason, now, patient=make_patient(account))
    client = verified_client(account)
    cancel(appointment=row, by=By(actor=system_actor(), channel=Channel.PATIENT), now=now)
    for name in ("appointment", "move"):
        link = read(client, name, row).partition("Reprendre rendez-vous")[0].rpartition('href="')[2]
        page = client.get(link.partition('"')[0].replace("&amp;", "&"))
        assert "suivi=oui" not in link
        assert page.context["chosen"] == reason and page.context["refused"] is None


# Several persons in a row. ------------------------------------------------------------------------


def hold_for(client, reason, people):
    data = {"motif": reason.pk, "debut": NINE.isoformat(), "personnes": people}
    return client.post(reverse("booking:hold"), data)["Location"]


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_family_reads_of_its_slots_and_of_each_hour(signed_in, account, family):
    reason = open_reason(price_cents=3000)
    client = verified_client(account) if signed_in else Client()
    text = client.get(hold_for(client, reason, 2)).content.decode().replace("\xa0", " ")
    assert "Ces créneaux vous sont gardés encore" in text
    assert "09:00, 09:30" in text and "2 personnes, l’une après l’autre" in text
    assert "par personne" in text
    for wrong in ("Ce créneau", "Le créneau", "Votre rendez-vous<", "Pour le confirmer"):
        assert wrong not in text


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_family_whose_hold_has_ended_reads_of_its_slots(
    signed_in, account, family, now, time_machine
):
    reason = open_reason()
    client = verified_client(account) if signed_in else Client()
    held = hold_for(client, reason, 2)
    time_machine.move_to(now + timedelta(minutes=8))
    text = client.get(held).content.decode()
    assert "Ces créneaux ne sont plus gardés" in text and "Le créneau" not in text


# A series. ----------------------------------------------------------------------------------------


@pytest.fixture
def repeated(account, now):
    reason = open_reason(series_at_most=6, horizon_days=90)
    return booked(reason, now, patient=make_patient(account))


def repeat_page(account, row, **given):
    address = reverse("booking:repeat", args=[row.pk])
    return verified_client(account).get(address, given)


def test_a_series_says_how_often_in_words(account, repeated):
    text = repeat_page(account, repeated).content.decode()
    assert "Chaque semaine" in text and "Toutes les 2 semaines" in text
    assert "les n semaines" not in text
    with translation.override("en"):
        page = verified_client(account)
        page.cookies["django_language"] = "en"
        text = page.get(reverse("booking:repeat", args=[repeated.pk])).content.decode()
    assert "Every week" in text and "Every 2 weeks" in text


@pytest.mark.parametrize("weeks", ["0", "9", "x", "-1", "1.5"])
def test_no_other_rhythm_is_taken(account, repeated, weeks):
    page = repeat_page(account, repeated, semaines=weeks, fois="2")
    assert page.status_code == 200 and not page.context["proposals"]


def test_where_nothing_is_free_there_is_nothing_to_press(account, repeated, now):
    Absence.objects.create(agenda=repeated.agenda, starts_at=NINE + HALF, until=NINE + 30 * WEEK)
    page = repeat_page(account, repeated, semaines="1", fois="3")
    text = page.content.decode()
    assert "Rien n’est libre à ces dates." in text
    assert "Prendre ces rendez-vous" not in text
    assert not any(name == "creneau" for form in forms_of(page) for name in form.values)
    assert "Tous les créneaux" in text


def test_where_something_is_free_it_can_be_taken(account, repeated, now):
    Absence.objects.create(
        agenda=repeated.agenda, starts_at=NINE + HALF, until=NINE + WEEK + 10 * HALF
    )
    text = repeat_page(account, repeated, semaines="1", fois="3").content.decode()
    assert "Aucun créneau ce jour-là." in text and "Prendre ces rendez-vous" in text


# A chain, of which one part is by video. ----------------------------------------------------------


def chain(**by_video):
    practice = make_practice(
        address="7 quai des Brumes", access_info="Sonnez deux fois", instructions="Carte Vitale"
    )
    second = open_reason(practice, active=False, teleconsultation=by_video.get("second", False))
    first = open_reason(
        practice, name="Entretien", then=second, then_within_minutes=30,
        teleconsultation=by_video.get("first", False),
    )  # fmt: skip
    return first


CHAINS = [
    ({"first": True}, "Le premier en téléconsultation, le second ici", True),
    ({"second": True}, "le second en téléconsultation", True),
    ({"first": True, "second": True}, "En téléconsultation", False),
    ({}, "7 quai des Brumes", True),
]


@pytest.mark.parametrize(("by_video", "words", "has_address"), CHAINS)
def test_a_chain_says_where_each_visit_is(by_video, words, has_address, account, family, now):
    first = chain(**by_video)
    client = verified_client(account)
    data = {"motif": first.pk, "debut": NINE.isoformat()}
    held = client.post(reverse("booking:hold"), data)["Location"]
    last_page = client.get(held).content.decode()
    made = confirm_at(client, held)["Location"]
    pages = [last_page, client.get(made).content.decode()]
    message = Message.objects.get(kind="confirmation", channel="email")
    letter = kinds.compose(message, now=now)
    pages += [letter.text, letter.html]
    for text in pages:
        assert words in text, text[text.find("<main") :][:3000]
        assert ("7 quai des Brumes" in text) is has_address
        assert ("Carte Vitale" in text) is has_address
    row = Appointment.unscoped.get(visit_reason=first)
    assert follower(row) is not None


def test_without_a_hold_the_chain_still_says_what_follows(account, family, now, time_machine):
    first = chain(first=True)
    client = verified_client(account)
    data = {"motif": first.pk, "debut": NINE.isoformat()}
    held = client.post(reverse("booking:hold"), data)["Location"]
    time_machine.move_to(now + timedelta(minutes=8))
    text = client.get(held).content.decode()
    assert "Puis" in text and "09:30" in text and "7 quai des Brumes" in text


def test_a_visit_alone_says_what_the_practice_asks_and_by_video_does_not(account, family, now):
    """On the pages of one person and of several, before and after."""
    practice = make_practice(
        address="7 quai des Brumes", access_info="Sonnez deux fois", instructions="Carte Vitale"
    )
    client = verified_client(account)
    for is_video in (False, True):
        reason = open_reason(practice, teleconsultation=is_video)
        for people in (1, 2):
            held = hold_for(client, reason, people)
            text = client.get(held).content.decode()
            assert ("Carte Vitale" in text) is not is_video
            assert ("7 quai des Brumes" in text) is not is_video
        row = booked(reason, now, patient=family[0], starts_at=NINE + 4 * HALF)
        text = read(client, "appointment", row)
        for words in ("Carte Vitale", "Sonnez deux fois", "7 quai des Brumes"):
            assert (words in text) is not is_video
