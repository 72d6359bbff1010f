"""Two visits of one patient at one time, or with one practitioner within a day: said, and asked."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Appointment
from booking.models.appointment import Channel, Status
from booking.models.patient import Relation
from booking.waiting.offer_links import offer_token
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.partners.software import KEY, Software
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, send
from tests.support.offers import offered
from tests.support.waiting_list import waiting_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
DAY = timedelta(days=1)
ASKS = "garder les deux rendez-vous"


def make_open_reason(**values):
    agenda = make_agenda(practice=values.pop("practice", None))
    row = make_reason(agenda, series_at_most=4, **values)
    make_opening(agenda, row)
    for n in range(1, 5):
        make_opening(agenda, row, starts_on=NINE.date() + n * DAY, every_weeks=0)
    return row


@pytest.fixture
def reason():
    return make_open_reason()


@pytest.fixture
def elsewhere():
    """Another practitioner, at another practice."""
    return make_open_reason(name="Détartrage secret")


@pytest.fixture
def beside(reason):
    """Another practitioner of the same practice."""
    return make_open_reason(practice=reason.agenda.practice)


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def zoe(account):
    return make_patient(account)


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def hold(client, reason, at=NINE, **more):
    data = {"motif": reason.pk, "debut": at.isoformat(), **more}
    return client.post(reverse("booking:hold"), data)["Location"]


def standing():
    return Appointment.unscoped.filter(status=Status.BOOKED).count()


@pytest.mark.parametrize("minutes", [0, 15, -15])
def test_a_patient_is_asked_about_a_visit_at_the_same_time(
    client, reason, elsewhere, zoe, now, minutes
):
    booked(
        elsewhere, now, patient=zoe, starts_at=NINE + timedelta(minutes=minutes),
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    held = hold(client, reason)
    page = client.get(held)
    assert ASKS in page.content.decode()
    assert str(elsewhere.agenda.practitioner) in page.content.decode()
    form = form_with(page, "note")
    asked = send(client, form, held, note="Toux")
    assert asked.status_code == 409
    assert "Toux" in asked.content.decode()
    assert standing() == 1
    answer = send(client, form_with(asked, "note"), held, **{"les-deux": "oui"})
    assert answer.status_code == 302
    assert standing() == 2


@pytest.mark.parametrize(
    ("other_at", "is_asked"),
    [
        (NINE + HALF, True),
        (NINE + DAY, False),
        (NINE + DAY - HALF, True),
        (NINE + DAY + HALF, False),
    ],
)
def test_a_patient_is_asked_about_the_same_practitioner_within_a_day(
    client, reason, zoe, now, other_at, is_asked
):
    booked(reason, now, patient=zoe, starts_at=other_at, channel=Channel.PRACTICE, anywhere=True)
    held = hold(client, reason)
    page = client.get(held)
    assert (ASKS in page.content.decode()) == is_asked
    answer = send(client, form_with(page, "note"), held)
    assert answer.status_code == (409 if is_asked else 302)


def test_nobody_is_asked_about_others_or_what_is_cancelled(client, reason, elsewhere, zoe, now):
    booked(elsewhere, now, patient=make_patient(make_account()))
    row = booked(elsewhere, now, patient=zoe, starts_at=NINE + HALF)
    Appointment.unscoped.filter(pk=row.pk).update(
        status=Status.CANCELLED, cancelled_at=now, taken=None
    )
    # One visit ends as the other begins.
    booked(elsewhere, now, patient=zoe, starts_at=NINE + 2 * HALF)
    held = hold(client, reason, at=NINE + HALF)
    page = client.get(held)
    assert ASKS not in page.content.decode()
    assert send(client, form_with(page, "note"), held).status_code == 302


def test_a_family_in_a_row_is_asked(client, account, reason, elsewhere, zoe, now):
    child = make_patient(account, first_name="Aurèle", relation=Relation.CHILD)
    booked(elsewhere, now, patient=child, starts_at=NINE + HALF)
    held = hold(client, reason, personnes="2")
    page = client.get(held)
    # Nobody is chosen before somebody chooses, and then it is asked.
    assert "Aurèle" in page.content.decode() and ASKS not in page.content.decode()
    form = form_with(page, "personne-0").in_order()
    asked = send(client, form, held)
    assert asked.status_code == 409 and ASKS in asked.content.decode()
    assert standing() == 1
    assert send(client, form, held, **{"les-deux": "oui"}).status_code == 302
    assert standing() == 3


def test_a_series_is_asked(client, reason, elsewhere, zoe, now):
    first = booked(reason, now, patient=zoe)
    next_week = NINE + 7 * DAY
    booked(elsewhere, now, patient=zoe, starts_at=next_week)
    address = reverse("booking:repeat", args=[first.pk]) + "?semaines=1&fois=2"
    page = client.get(address)
    assert ASKS in page.content.decode()
    form = form_with(page, "creneau")
    chosen = {"creneau": [next_week.isoformat(), (next_week + 7 * DAY).isoformat()]}
    asked = client.post(address, form.values | chosen)
    assert asked.status_code == 409
    assert ASKS in asked.content.decode()
    assert standing() == 2
    assert client.post(address, form.values | chosen | {"les-deux": "oui"}).status_code == 302
    assert standing() == 4


def test_moving_is_asked_and_the_visit_itself_is_in_nobodys_way(
    client, reason, elsewhere, zoe, now
):
    row = booked(reason, now, patient=zoe)
    booked(elsewhere, now, patient=zoe, starts_at=NINE + 3 * HALF)
    address = reverse("booking:move", args=[row.pk])
    near = {"debut": (NINE + HALF).isoformat()}
    assert ASKS not in client.get(address, near).content.decode()
    far = {"debut": (NINE + 3 * HALF).isoformat(), "de": NINE.isoformat()}
    assert ASKS in client.get(address, far).content.decode()
    assert client.post(address, far).status_code == 409
    row.refresh_from_db()
    assert row.starts_at == NINE
    assert client.post(address, far | {"les-deux": "oui"}).status_code == 302


def test_an_offer_of_the_waiting_list_is_asked_and_its_link_names_nothing(
    reason, elsewhere, zoe, now
):
    row = booked(reason, now, patient=zoe, starts_at=NINE + 2 * DAY)
    booked(reason, now, starts_at=NINE)
    wait = waiting_for(row, now)
    offer = offered(wait, now)
    booked(elsewhere, now, patient=zoe, starts_at=NINE)
    link = reverse("booking:offer", args=[offer_token(offer)])
    anybody = Client().get(link).content.decode()
    assert "Vous avez déjà un autre rendez-vous" in anybody
    assert str(elsewhere.agenda.practitioner) not in anybody
    assert Client().post(link, {"reponse": "oui"}).status_code == 409
    row.refresh_from_db()
    assert row.starts_at == NINE + 2 * DAY
    page = Client().get(link)
    answer = send(Client(), form_with(page, "reponse"), link, reponse="oui")
    assert answer["Location"].startswith(f"{link}?")
    row.refresh_from_db()
    assert row.starts_at == NINE


@pytest.mark.parametrize("n_others", [1, 2])
def test_an_offer_counts_what_is_in_its_way(reason, elsewhere, zoe, now, n_others):
    row = booked(reason, now, patient=zoe, starts_at=NINE + 2 * DAY)
    booked(reason, now, starts_at=NINE)
    offer = offered(waiting_for(row, now), now)
    for other in [elsewhere, make_open_reason()][:n_others]:
        booked(other, now, patient=zoe, starts_at=NINE)
    page = Client().get(reverse("booking:offer", args=[offer_token(offer)])).content.decode()
    assert ("Vous avez déjà un autre rendez-vous" in page) == (n_others == 1)
    assert ("garder l’autre<" in page) == (n_others == 1)
    assert ("Vous avez déjà d’autres rendez-vous" in page) == (n_others == 2)
    assert ("garder les autres<" in page) == (n_others == 2)


# What a practice and its software may know. -------------------------------------------------------


def desk_of(practice, **values):
    member = make_member(practice)
    member.agendas.set(values.get("agendas", []))
    return verified_client(member.account), reverse("booking:new-visit", args=[practice.pk])


def on_the_phone(client, address, reason, patient, **more):
    data = {"motif": reason.pk, "jour": "2026-11-30", "heure": "09:00", "patient": patient.pk}
    return client.post(address, data | more)


def test_a_practice_is_asked_about_its_own_visits(reason, beside, now):
    patient = make_patient(practice=reason.agenda.practice)
    booked(beside, now, patient=patient)
    client, address = desk_of(reason.agenda.practice)
    asked = on_the_phone(client, address, reason, patient)
    assert asked.status_code == 409
    assert str(beside.agenda.practitioner) in asked.content.decode()
    assert standing() == 1
    sure = on_the_phone(client, address, reason, patient, **{"les-deux": "oui"})
    assert sure.status_code == 302
    assert standing() == 2


def test_a_member_of_some_agendas_learns_no_more_than_that(reason, beside, now):
    patient = make_patient(practice=reason.agenda.practice)
    booked(beside, now, patient=patient)
    client, address = desk_of(reason.agenda.practice, agendas=[reason.agenda])
    text = on_the_phone(client, address, reason, patient).content.decode()
    assert "déjà un autre rendez-vous dans ce cabinet" in text
    assert str(beside.agenda.practitioner) not in text


def test_a_practice_never_learns_of_a_visit_elsewhere(reason, elsewhere, now):
    patient = make_patient(make_account(), practice=reason.agenda.practice)
    booked(elsewhere, now, patient=patient)
    client, address = desk_of(reason.agenda.practice)
    assert on_the_phone(client, address, reason, patient).status_code == 302
    assert standing() == 2


def test_a_practice_that_moves_a_visit_is_asked(reason, beside, now):
    patient = make_patient(practice=reason.agenda.practice)
    row = booked(reason, now, patient=patient, starts_at=NINE + 2 * HALF)
    booked(beside, now, patient=patient)
    client, _address = desk_of(reason.agenda.practice)
    address = reverse("booking:move-visit", args=[reason.agenda.practice_id, row.pk])
    asked = client.post(address, {"debut": NINE.isoformat()})
    assert asked.status_code == 409
    form = form_with(asked, "debut")
    assert send(client, form, address, **{"les-deux": "oui"}).status_code == 302
    row.refresh_from_db()
    assert row.starts_at == NINE


def software_of(*agendas):
    credential = make_credential("AgendaPlus", key=KEY)
    for practice_id in {agenda.practice_id for agenda in agendas}:
        make_grant(credential, *(row for row in agendas if row.practice_id == practice_id))
    return Software(credential)


def test_software_is_warned_and_books_all_the_same(reason, beside, now):
    patient = make_patient(practice=reason.agenda.practice)
    other = booked(beside, now, patient=patient)
    software = software_of(reason.agenda, beside.agenda)
    body = {
        "visit_reason": str(reason.pk), "starts_at": NINE.isoformat(), "patient": str(patient.pk)
    }  # fmt: skip
    answer = software.post("appointments", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["warnings"] == [
        {"code": "patient_has_other_visit_then", "appointment": str(other.pk)}
    ]
    # What is stored has no warnings, so that its ETag is the same.
    read = software.get(f"appointments/{answer.json()['id']}")
    assert read["ETag"] == answer["ETag"]
    assert "warnings" not in read.json()
    moved = software.post(
        f"appointments/{answer.json()['id']}/move",
        {"starts_at": (NINE + 2 * HALF).isoformat()},
        match=answer["ETag"],
    )
    assert moved.json()["warnings"] == []


def test_software_is_warned_of_the_same_practitioner_within_a_day(reason, now):
    patient = make_patient(practice=reason.agenda.practice)
    other = booked(reason, now, patient=patient, starts_at=NINE + HALF)
    body = {
        "visit_reason": str(reason.pk), "starts_at": NINE.isoformat(), "patient": str(patient.pk)
    }  # fmt: skip
    answer = software_of(reason.agenda).post("appointments", body)
    assert answer.json()["warnings"] == [
        {"code": "patient_sees_practitioner_within_a_day", "appointment": str(other.pk)}
    ]


@pytest.mark.parametrize("granted", ["none", "elsewhere"])
def test_software_learns_of_no_visit_that_is_not_its_practices(
    reason, beside, elsewhere, now, granted
):
    """Neither of an agenda that is not granted, nor of another practice that is."""
    patient = make_patient(make_account(), practice=reason.agenda.practice)
    booked(reason, now, patient=patient, starts_at=NINE + 4 * DAY)
    booked(elsewhere if granted == "elsewhere" else beside, now, patient=patient)
    agendas = [reason.agenda, *([elsewhere.agenda] if granted == "elsewhere" else [])]
    body = {
        "visit_reason": str(reason.pk), "starts_at": NINE.isoformat(), "patient": str(patient.pk)
    }  # fmt: skip
    answer = software_of(*agendas).post("appointments", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["warnings"] == []


def asked_and_booked(client, held, *, at_first):
    """The last page asks (at once, or when it is sent), and books what is meant; how many."""
    page = client.get(held)
    assert (ASKS in page.content.decode()) is at_first
    before = standing()
    asked = send(client, form_with(page, "note"), held)
    assert asked.status_code == 409 and standing() == before
    form = form_with(asked, "note")
    assert ASKS in asked.content.decode()
    assert send(client, form, held, **{"les-deux": "oui"}).status_code == 302
    return standing() - before


@pytest.mark.parametrize("kind", ["time", "day"])
def test_the_second_of_two_visits_in_a_row_is_asked_about(
    client, reason, beside, elsewhere, zoe, now, kind
):
    """It is in the way of a visit elsewhere, or with the same practitioner, where the first is not:
    the page asked for a word that it had no box for.
    """
    reason.then, reason.then_within_minutes = beside, 30
    reason.save()
    other, at = (elsewhere, NINE + HALF) if kind == "time" else (beside, NINE + 4 * HALF)
    booked(other, now, patient=zoe, starts_at=at)
    assert asked_and_booked(client, hold(client, reason), at_first=True) == 2


def test_what_only_booking_finds_can_be_meant_too(client, elsewhere, zoe, now):
    """A seat of a session lasts as long as the session's, not as its reason says."""
    agenda = make_agenda()
    reason = make_reason(agenda, duration_minutes=15)
    make_opening(agenda, reason, slot_minutes=60, capacity=2)
    booked(elsewhere, now, patient=zoe, starts_at=NINE + HALF)
    assert asked_and_booked(client, hold(client, reason), at_first=False) == 1
