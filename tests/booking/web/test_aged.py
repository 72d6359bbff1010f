"""The last page of a booking in two tabs: what happened in the other one is said, and leads on."""

import re
from datetime import UTC, datetime, time
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Appointment
from booking.models.patient import Relation
from practitioners.models import Taken
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
)
from tests.support.forms_on_page import form_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HERE, ELSEWHERE = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
NOTE = "Je viens avec mes béquilles."


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row, until_time=time(12))
    return row


@pytest.fixture
def people():
    account = make_account("a@exemple.fr")
    return [
        make_patient(account),
        make_patient(account, first_name="Aurèle", relation=Relation.CHILD),
    ]


@pytest.fixture
def client():
    return Client(enforce_csrf_checks=True)


def post(client, path, given, headers=HERE):
    form = "application/x-www-form-urlencoded"
    return client.post(path, urlencode(given), content_type=form, headers=headers)


def token_on(client, path):
    page = client.get(path).content.decode()
    return re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]


def sign_in(client):
    path = reverse("booking:sign-in")
    given = {"email": "a@exemple.fr", "password": PASSWORD}
    answer = post(client, path, given | {"csrfmiddlewaretoken": token_on(client, path)})
    assert answer.status_code == 302


def sign_out(client):
    path = reverse("booking:my-appointments")
    out = reverse("booking:sign-out")
    assert post(client, out, {"csrfmiddlewaretoken": token_on(client, path)}).status_code == 302


def held(client, reason, **more):
    token = token_on(client, reverse("booking:my-appointments"))
    given = {"csrfmiddlewaretoken": token, "motif": str(reason.pk), "debut": NINE.isoformat()}
    answer = post(client, reverse("booking:hold"), given | more)
    assert answer.status_code == 302
    return answer["Location"]


def filled_in(client, address, people):
    """What the last page sends, filled in, with the token that it had."""
    form = form_with(client.get(address), "note")
    given = {name: value for name, value in form.values.items() if name != "vers"}
    if "personne-0" in form.values:
        return given | {
            "personne-0": str(people[1].pk), "personne-1": str(people[0].pk), "note": NOTE
        }  # fmt: skip
    return given | {"patient": str(people[1].pk), "note": NOTE}


@pytest.mark.parametrize("more", [{}, {"personnes": "2"}])
def test_signed_in_anew_in_the_other_tab(client, reason, people, more):
    """As a confirmation does: the token of the page counts no more. Nothing typed is lost."""
    sign_in(client)
    address = held(client, reason, **more)
    given = filled_in(client, address, people)
    sign_out(client)
    sign_in(client)
    answer = post(client, address.partition("?")[0], given)
    assert answer.status_code == 302
    shown = client.get(answer["Location"])
    assert shown.status_code == 200
    assert "votre connexion a changé" in shown.content.decode()
    again = form_with(shown, "note").values | {"note": NOTE}
    assert NOTE in shown.content.decode()
    if more:
        assert [again["personne-0"], again["personne-1"]] == [
            str(people[1].pk), str(people[0].pk)
        ]  # fmt: skip
    else:
        assert again["patient"] == str(people[1].pk)
    assert not Appointment.unscoped.exists()
    sent = {name: value for name, value in again.items() if name != "vers"}
    assert post(client, answer["Location"], sent).status_code == 302
    assert Appointment.unscoped.count() == (2 if more else 1)


@pytest.mark.parametrize("more", [{}, {"personnes": "2"}])
def test_booked_in_the_other_tab_leads_to_the_appointment(client, reason, people, more):
    sign_in(client)
    address = held(client, reason, **more)
    old = filled_in(client, address, people)
    sign_out(client)
    sign_in(client)
    booked = post(client, address, filled_in(client, address, people))
    assert booked.status_code == 302
    answer = post(client, address.partition("?")[0], old)
    assert answer["Location"] == booked["Location"]
    assert "C’était déjà réservé" in client.get(answer["Location"]).content.decode()
    assert Appointment.unscoped.count() == (2 if more else 1)


@pytest.mark.parametrize("more", [{}, {"personnes": "2"}])
def test_sent_from_two_tabs_of_one_session(client, reason, people, more):
    sign_in(client)
    address = held(client, reason, **more)
    first, second = [filled_in(client, address, people) for _n in range(2)]
    answers = [post(client, address, given) for given in (first, second)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert "C’était déjà réservé" in client.get(answers[1]["Location"]).content.decode()
    assert Appointment.unscoped.count() == (2 if more else 1)


@pytest.mark.parametrize("more", [{}, {"personnes": "2"}])
def test_signed_out_in_the_other_tab(client, reason, people, more):
    """What was filled in waits for its owner, who signs in to go on."""
    sign_in(client)
    address = held(client, reason, **more)
    given = filled_in(client, address, people)
    sign_out(client)
    answer = post(client, address.partition("?")[0], given)
    assert answer.status_code == 302
    assert "votre session a pris fin" in client.get(answer["Location"]).content.decode()
    sign_in(client)
    assert NOTE in client.get(answer["Location"]).content.decode()
    assert not Appointment.unscoped.exists()


@pytest.mark.parametrize("headers", [ELSEWHERE, {"Origin": "https://elsewhere.example"}, {}])
def test_a_form_of_another_site_leads_nowhere(client, reason, people, headers):
    sign_in(client)
    address = held(client, reason)
    given = filled_in(client, address, people) | {"csrfmiddlewaretoken": "x" * 64}
    answer = post(client, address.partition("?")[0], given, headers)
    assert answer.status_code == 403
    assert NOTE not in client.get(address).content.decode()
    assert Taken.objects.filter(hold_until__isnull=False).exists()


@pytest.mark.parametrize("change", [{"debut": "demain"}, {"motif": "x"}, {"motif": str(NINE)}])
def test_a_form_that_makes_no_sense_is_said_to_have_aged(client, reason, people, change):
    sign_in(client)
    address = held(client, reason)
    given = filled_in(client, address, people) | {"csrfmiddlewaretoken": "x" * 64}
    assert post(client, address.partition("?")[0], given | change).status_code == 403


# A number of people that cannot be had.


@pytest.mark.parametrize("number", ["deux", "5", "-1", "2.0", "²"])
def test_a_number_of_people_that_cannot_be_read_keeps_no_slot(reason, number):
    given = {"motif": reason.pk, "debut": NINE.isoformat(), "personnes": number}
    client = Client()
    answer = client.post(reverse("booking:hold"), given)
    assert not Taken.objects.exists()
    page = client.get(answer["Location"])
    assert "Ce nombre de personnes n’est pas possible" in page.content.decode()


@pytest.mark.parametrize("number", ["deux", "", "1", "5"])
def test_nobody_of_several_is_left_out_in_silence(client, reason, people, number):
    sign_in(client)
    address = held(client, reason, personnes="2")
    given = filled_in(client, address, people) | {"personnes": number}
    answer = post(client, address.partition("?")[0], given)
    assert answer.status_code == 302
    assert not Appointment.unscoped.exists()
    shown = client.get(answer["Location"]).content.decode()
    assert "Ce nombre de personnes n’est pas possible" in shown
    # And what was written waits at the next last page.
    assert NOTE in client.get(address).content.decode()
