"""The waiting list's pages: joining, answering by a link without signing in, the practice's list."""

import json
import re
from datetime import time, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from booking.models import Appointment, Message, Patient, Wait
from booking.outbox import sending
from booking.waiting import offering, waiting
from booking.waiting.offer_links import offer_token
from practitioners.models import Practice
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    present,
    verified_client,
)
from tests.support.forms_on_page import form_with, send
from tests.support.offers import offered
from tests.support.waiting_list import MONDAY, NEXT, at, visit, waiting_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, from_time=time(9), until_time=time(9, 30))
    return reason


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def patient(account):
    return make_patient(account)


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


@pytest.fixture
def appointment(reason, patient, now):
    """On the 7th; the 30th is somebody else's."""
    visit(reason, at(MONDAY, 9), now)
    return visit(reason, at(NEXT, 9), now, patient=patient)


WISHES = {"weekdays": ["0", "1"], "part_of_day": "any", "first_day": "2026-11-24"}
JOIN = reverse("booking:join-waiting-list")


def join(client, appointment, **wishes):
    return client.post(f"{JOIN}?rendez-vous={appointment.pk}", WISHES | wishes)


def test_joining_from_an_appointment(client, appointment, now):
    page = client.get(reverse("booking:appointment", args=[appointment.pk])).content.decode()
    assert f"{JOIN}?rendez-vous={appointment.pk}" in page
    assert client.get(f"{JOIN}?rendez-vous={appointment.pk}").status_code == 200
    answer = join(client, appointment)
    wait = Wait.unscoped.get()
    assert answer["Location"] == f"{reverse('booking:my-appointments')}#attente-{wait.pk}"
    assert (wait.appointment, wait.weekdays) == (appointment, [0, 1])
    page = client.get(reverse("booking:my-appointments")).content.decode()
    assert "Nous vous écrirons" in page
    page = client.get(reverse("booking:appointment", args=[appointment.pk])).content.decode()
    assert "sur la liste d’attente" in page
    client.post(reverse("booking:leave-waiting-list", args=[wait.pk]))
    assert (
        "Nous vous écrirons" not in client.get(reverse("booking:my-appointments")).content.decode()
    )


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"weekdays": []}, "Choisissez au moins un jour"),
        ({"first_day": "2026-12-07"}, "Ce jour ne vient pas avant celui du rendez-vous"),
        ({"first_day": "2027-12-07"}, "Ce jour ne vient pas avant celui du rendez-vous"),
        ({"first_day": "hier"}, "date"),
        # The visit is on Monday the 7th: no such day is left before it.
        ({"first_day": "2026-12-06", "weekdays": ["0", "5"]}, "Aucun des jours choisis"),
        ({"first_day": "2026-12-01", "weekdays": ["0"]}, "Aucun des jours choisis"),
        ({"part_of_day": "minuit"}, "minuit"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(wishes, words, client, appointment):
    answer = join(client, appointment, **wishes)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Wait.unscoped.exists()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("2026-12-07", "2026-12-01"), "la fin vient avant le début"),
        # Without an end, or with one as far away, the end is not what is wrong.
        (("2027-12-07", ""), "jusqu’à six mois"),
        (("2027-12-07", "2027-12-08"), "jusqu’à six mois"),
    ],
)
def test_a_period_that_holds_no_day_is_refused_for_its_own_reason(
    days, words, client, reason, patient
):
    first, last = days
    given = WISHES | {"patient": str(patient.pk), "first_day": first, "last_day": last}
    answer = client.post(f"{JOIN}?motif={reason.pk}", given)
    assert words in answer.content.decode()
    assert not Wait.unscoped.exists()


def test_joining_without_an_appointment(client, patient, reason, now):
    url = f"{JOIN}?motif={reason.pk}&suivi=oui"
    page = client.get(url).content.decode()
    assert "Zoé Lefèvre" in page
    # What is free now stands there, instead of being waited for.
    assert "lundi 30 novembre" in page.lower()
    answer = client.post(url, WISHES | {"patient": str(patient.pk), "last_day": "2026-12-31"})
    assert answer.status_code == 302
    wait = Wait.unscoped.get()
    assert (wait.patient, wait.appointment, wait.says_known) == (patient, None, True)
    other = make_patient(make_account())
    answer = client.post(url, WISHES | {"patient": str(other.pk)})
    assert answer.status_code == 200
    assert Wait.unscoped.count() == 1


def test_who_has_said_nothing_of_themselves_does_so_first(reason):
    client = Client()
    client.force_login(make_account(), backend="booking.backends.EmailBackend")
    url = f"{JOIN}?motif={reason.pk}"
    assert client.get(url)["Location"] == reverse("booking:new-person")
    identity = {
        "first_name": "Zoé", "last_name": "Lefèvre", "birth_date": "1980-12-31", "sex": "F",
    }  # fmt: skip
    back = client.post(reverse("booking:new-person"), identity)["Location"]
    assert back == f"{url}&pour={Patient.unscoped.get().pk}", "whoever was just added is chosen"
    assert client.get(url).status_code == 200


def test_nobody_waits_with_anothers_appointment(appointment):
    stranger = make_account()
    make_patient(stranger)
    client = Client()
    client.force_login(stranger, backend="booking.backends.EmailBackend")
    assert join(client, appointment).status_code == 404
    assert client.get(JOIN).status_code == 404
    assert not Wait.unscoped.exists()


def test_the_link_books_in_one_tap_without_signing_in(appointment, now, settings, tmp_path):
    settings.SMS_DIR = str(tmp_path)
    wait = waiting_for(appointment, now)
    offered(wait, now)
    sending.send_owed(now=now)
    letter = next(m for m in mail.outbox if "Un créneau s’est libéré" in m.subject)
    link = re.search(r"http\S+(/creneau/\S+)", letter.body)[1]
    texts = [json.loads(file.read_text())["text"] for file in tmp_path.glob("*.json")]
    assert any(link in text for text in texts)
    stranger = Client()
    page = stranger.get(link).content.decode()
    assert "Prendre ce créneau" in page
    # A scanner that follows links books nothing, and nobody's name is shown.
    assert Appointment.unscoped.get(pk=appointment.pk).starts_at == at(NEXT, 9)
    assert "Lefèvre" not in page and "Zoé" not in page
    answer = stranger.post(link, {"reponse": "oui"}, follow=True)
    assert "C’est réservé" in answer.content.decode()
    assert Appointment.unscoped.get(pk=appointment.pk).starts_at == at(MONDAY, 9)
    entry = Entry.objects.get(action="offer-accepted")
    assert entry.actor_id == appointment.patient.account_id
    # A second tap, and the link opened again, say the same again; nobody is told of a next person.
    for again in (stranger.post(link, {"reponse": "oui"}, follow=True), stranger.get(link)):
        assert "C’est déjà réservé" in again.content.decode()
    late = stranger.post(link, {"reponse": "non"}, follow=True).content.decode()
    assert "déjà réservé pour vous" in late and "personne suivante" not in late
    assert Appointment.unscoped.get(pk=appointment.pk).starts_at == at(MONDAY, 9)
    assert Entry.objects.filter(action="offer-accepted").count() == 1


def test_each_hour_overseas_says_whose_clock_it_is_by(client, appointment, now):
    offer = offered(waiting_for(appointment, now), now)
    Practice.objects.update(time_zone="America/Martinique")
    link, words = reverse("booking:offer", args=[offer_token(offer)]), "heure de la Martinique"
    kept = re.compile(rf"gardé jusqu’à [^.]*\({words}\)")
    assert kept.search(Client().get(link).content.decode())
    sending.send_owed(now=now)
    letter = next(m for m in mail.outbox if "Un créneau s’est libéré" in m.subject)
    assert kept.search(letter.body)
    page = client.get(reverse("booking:cancel", args=[appointment.pk])).content.decode()
    assert words in page


def test_saying_no_keeps_one_on_the_list(appointment, now):
    offer = offered(waiting_for(appointment, now), now)
    link = reverse("booking:offer", args=[offer_token(offer)])
    for _twice in range(2):
        assert (
            "Vous restez" in Client().post(link, {"reponse": "non"}, follow=True).content.decode()
        )
    offer.refresh_from_db()
    assert offer.state == "declined"
    assert Wait.unscoped.get().ended_at is None


def test_a_slot_that_is_gone_is_said_to_be(appointment, now, time_machine, reason):
    offer = offered(waiting_for(appointment, now), now)
    time_machine.move_to(offer.expires_at)
    offering.offer_everywhere(now=offer.expires_at)
    visit(reason, at(MONDAY, 9), offer.expires_at)
    link = reverse("booking:offer", args=[offer_token(offer)])
    assert "ne vous est plus gardé" in Client().get(link).content.decode()
    answer = Client().post(link, {"reponse": "oui"})
    assert answer.status_code == 409
    assert "n’est plus libre" in answer.content.decode()
    assert Appointment.unscoped.get(pk=appointment.pk).starts_at == at(NEXT, 9)


@pytest.mark.parametrize("token", ["x", "a:b:c"])
def test_a_made_up_link_opens_nothing(token):
    assert Client().get(reverse("booking:offer", args=[token])).status_code == 404
    assert Client().post(reverse("booking:offer", args=[token])).status_code == 404


def test_an_offer_that_ran_out_is_not_sent(appointment, now):
    offer = offered(waiting_for(appointment, now), now)
    mail.outbox.clear()
    sending.send_owed(now=offer.expires_at)
    assert not any("libéré" in m.subject for m in mail.outbox)
    assert set(Message.objects.filter(offer=offer).values_list("state", flat=True)) == {"void"}


def test_the_practice_sees_its_list_and_keeps_it(appointment, reason, now):
    practice = reason.agenda.practice
    client = verified_client(make_member(practice, role="secretary").account)
    page = client.get(reverse("booking:visit", args=[practice.pk, appointment.pk]))
    assert "Mettre sur la liste d’attente" in page.content.decode()
    client.post(reverse("booking:add-wait", args=[practice.pk, appointment.pk]))
    wait = Wait.unscoped.get()
    assert wait.appointment == appointment
    page = client.get(reverse("booking:visit", args=[practice.pk, appointment.pk]))
    assert "Mettre sur la liste d’attente" not in page.content.decode()
    url = reverse("booking:waiting-list", args=[practice.pk])
    assert "Zoé Lefèvre" in client.get(url).content.decode()
    read = Entry.objects.get(action="reveal", channel="dashboard", purpose="booking")
    assert read.subjects == [appointment.patient_id]
    # Asked for twice, it is said why not.
    answer = client.post(
        reverse("booking:add-wait", args=[practice.pk, appointment.pk]), follow=True
    )
    assert "déjà sur la liste" in answer.content.decode()
    client.post(reverse("booking:remove-wait", args=[practice.pk, wait.pk]))
    assert "Zoé Lefèvre" not in client.get(url).content.decode()


def test_a_patient_without_account_answers_by_the_link(reason, now):
    practice = reason.agenda.practice
    patient = make_patient(practice=practice, email="zoe@exemple.fr")
    visit(reason, at(MONDAY, 9), now)
    appointment = visit(reason, at(NEXT, 9), now, patient=patient)
    offer = offered(waiting_for(appointment, now), now)
    link = reverse("booking:offer", args=[offer_token(offer)])
    assert "C’est réservé" in Client().post(link, {"reponse": "oui"}, follow=True).content.decode()
    assert Entry.objects.get(action="offer-accepted").actor_kind == "system"


def test_the_practitioners_page_leads_to_the_list(reason):
    agenda = reason.agenda
    url = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    page = Client().get(url, {"suivi": "oui"}).content.decode()
    assert f"{JOIN}?motif={reason.pk}" in page
    agenda.waiting_list = False
    agenda.save()
    assert JOIN not in Client().get(url, {"suivi": "oui"}).content.decode()


def test_the_export_tells_of_it(client, appointment, now):
    offered(waiting_for(appointment, now, first_day=now.date() + timedelta(days=1)), now)
    held = present(client).get(reverse("booking:my-data-file"))
    (wait,) = held.json()["waiting"]
    assert (wait["instead_of"], wait["first_day"]) == (str(appointment.pk), "2026-11-25")
    assert wait["offers"][0]["state"] == "open"


def test_the_waiting_list_may_be_read_whole(reason, now):
    """Whoever waits without a visit is explained by waiting; their telephone is not."""
    practice = reason.agenda.practice
    member = make_member(practice, role="secretary")
    for _n in range(30):
        waiting.join(
            visit_reason=reason, patient=make_patient(make_account(), practice=practice),
            actor=system_actor(), now=now,
        )  # fmt: skip
    client = verified_client(member.account)
    page = client.get(reverse("booking:waiting-list", args=[practice.pk]))
    assert page.content.decode().count("Zoé Lefèvre") >= 30
    entry = Entry.objects.get(action="reveal", channel="dashboard")
    assert (len(entry.subjects), entry.details["weight"]) == (30, 0)


@pytest.mark.parametrize(
    ("wishes", "is_taken"),
    [
        ({"weekdays": ["6"], "first_day": "2026-12-05", "last_day": "2026-12-06"}, True),
        ({"weekdays": ["6"], "first_day": "2026-12-07", "last_day": "2026-12-12"}, False),
        ({"weekdays": ["1"], "first_day": "2026-11-24", "last_day": "2026-11-24"}, True),
        # The frozen clock says ten: a morning is left, and it is over by noon.
        ({"weekdays": ["1"], "last_day": "2026-11-24", "part_of_day": "morning"}, True),
    ],
)
def test_days_that_cannot_come_in_the_period(client, reason, patient, wishes, is_taken):
    given = WISHES | {"patient": str(patient.pk)} | wishes
    answer = client.post(f"{JOIN}?motif={reason.pk}", given)
    assert (answer.status_code == 302) == is_taken
    assert Wait.unscoped.exists() == is_taken
    if not is_taken:
        assert "Aucun des jours choisis ne vient dans cette période" in answer.content.decode()


def test_a_morning_of_today_is_over_at_noon(client, reason, patient, now, time_machine):
    time_machine.move_to(now + timedelta(hours=3), tick=False)
    given = WISHES | {
        "patient": str(patient.pk), "last_day": "2026-11-24", "part_of_day": "morning",
    }  # fmt: skip
    assert "Aucun des jours" in client.post(f"{JOIN}?motif={reason.pk}", given).content.decode()
    given |= {"part_of_day": "afternoon"}
    assert client.post(f"{JOIN}?motif={reason.pk}", given).status_code == 302


def test_nobody_stays_on_the_list_for_days_that_are_over(client, appointment, now):
    """Wednesdays before Monday the 7th: after the 2nd nothing can come any more."""
    join(client, appointment, weekdays=["2"])
    late = now + timedelta(days=8)
    offering.offer_everywhere(now=late)
    assert Wait.unscoped.get().ended_at is None
    offering.offer_everywhere(now=late + timedelta(days=1))
    assert Wait.unscoped.get().ended_at is not None


def test_the_chosen_days_and_hours_are_shown_to_both_sides(
    client, appointment, reason, patient, account
):
    join(client, appointment, weekdays=["0", "3"], part_of_day="morning", first_day="2026-11-26")
    said = "lundi, jeudi · le matin · pas avant le 26 novembre"
    assert said in client.get(reverse("booking:my-appointments")).content.decode()
    desk = verified_client(make_member(reason.agenda.practice, role="secretary").account)
    page = reverse("booking:waiting-list", args=[reason.agenda.practice_id])
    assert said in desk.get(page).content.decode()
    account.language = "en"
    account.save()
    english = client.get(reverse("booking:my-appointments"), headers={"accept-language": "en"})
    assert "Monday, Thursday · in the morning · not before" in english.content.decode()


def test_adding_a_person_keeps_the_chosen_days(client, reason, patient):
    address = f"{JOIN}?motif={reason.pk}"
    form = form_with(client.get(address), "first_day")
    chosen = {
        "weekdays": ["1", "4"], "part_of_day": "afternoon", "first_day": "2026-12-01",
        "last_day": "2026-12-24", "vers": "personne",
    }  # fmt: skip
    away = client.post(address, form.values | chosen)
    identity = {
        "first_name": "Aurèle", "last_name": "Lefèvre", "birth_date": "2016-05-04", "sex": "M",
        "relation": "child", "consent": "on",
    }  # fmt: skip
    page = client.get(away["Location"])
    back = send(client, form_with(page, "first_name"), away["Location"], **identity)
    text = client.get(back["Location"]).content.decode()
    ticked = set(re.findall(r'name="weekdays" value="(\d)"[^>]*checked', text))
    values = form_with(client.get(back["Location"]), "first_day").values
    assert ticked == {"1", "4"}
    assert (values["part_of_day"], values["first_day"], values["last_day"]) == (
        "afternoon", "2026-12-01", "2026-12-24",
    )  # fmt: skip
    assert values["patient"] == str(Patient.unscoped.exclude(pk=patient.pk).get().pk)
