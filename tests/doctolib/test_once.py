"""A form that is sent twice is carried out once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from audit.redis_client import redis_client
from booking.models import Appointment, Conversation, Patient
from booking.patients.patients import make_known
from practitioners.models import Taken
from tests.clock import NOW
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
)
from tests.support.sent_forms import AGREED, IDENTITY, browser, send, token_on


@pytest.fixture
def reason():
    agenda = make_agenda(open_on_holidays=True, takes_messages=True)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


def slot_form(client, reason):
    page = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    content = client.get(page).content.decode()
    starts_at = re.search(r'name="debut"\s+value="([^"]+)"', content)[1]
    return {"csrfmiddlewaretoken": token_on(client, page), "motif": reason.pk, "debut": starts_at}


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_a_slot_tapped_twice_is_held_once_though_the_session_begins_with_it(reason):
    client = browser()
    given = slot_form(client, reason)
    first = send(client, reverse("booking:hold"), given)
    session = client.cookies.pop("sessionid")
    kept = [redis_client().get(key) for key in redis_client().scan_iter("doctolib:once:*")]
    assert len(kept) == 1
    assert session.value.encode() not in kept[0]
    second = send(client, reverse("booking:hold"), given)
    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert client.cookies["sessionid"].value == session.value
    assert Taken.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("at_now")
def test_a_confirmation_sent_twice_shows_the_appointment_twice(reason):
    account = make_account()
    patient = make_patient(account)
    client = browser(account)
    address = send(client, reverse("booking:hold"), slot_form(client, reason)).url
    given = {
        "csrfmiddlewaretoken": token_on(client, address), "motif": reason.pk,
        "debut": re.search("debut=([^&]+)", address)[1].replace("%3A", ":"), "suivi": "non",
        "patient": patient.pk, "note": "",
    }  # fmt: skip
    first, second = (send(client, address, given) for _time in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url
    assert Appointment.unscoped.count() == 1


@pytest.mark.django_db
def test_the_same_words_from_a_new_page_are_a_new_form(reason):
    account = make_account()
    patient = make_patient(account)
    make_known(practice_id=reason.agenda.practice_id, patient_id=patient.pk, since=NOW)
    client = browser(account)
    path = f"{reverse('booking:begin-conversation')}?agenda={reason.agenda_id}"
    for _page in range(2):
        given = {
            "csrfmiddlewaretoken": token_on(client, path), "patient": patient.pk,
            "topic": "Ordonnance", "words": "Bonjour",
        }  # fmt: skip
        for _time in range(2):
            assert send(client, path, given).status_code == 302
    assert Conversation.unscoped.count() == 2


@pytest.mark.django_db
def test_a_refused_form_may_be_sent_again_as_it_is():
    account = make_account("essai@exemple.fr")
    client, path = browser(), reverse("booking:sign-in")
    given = {
        "csrfmiddlewaretoken": token_on(client, path), "email": "essai@exemple.fr",
        "password": PASSWORD,
    }  # fmt: skip
    account.set_password("un autre mot de passe")
    account.save()
    assert send(client, path, given).status_code == 200
    account.set_password(PASSWORD)
    account.save()
    assert send(client, path, given).status_code == 302


@pytest.mark.django_db
def test_signing_in_is_proved_each_time():
    """A remembered redirect would lead a browser without the session's cookie nowhere."""
    make_account("deux@exemple.fr")
    client, path = browser(), reverse("booking:sign-in")
    given = {
        "csrfmiddlewaretoken": token_on(client, path), "email": "deux@exemple.fr",
        "password": PASSWORD,
    }  # fmt: skip
    before = client.cookies["csrftoken"].value
    send(client, path, given)
    first = client.cookies.pop("sessionid").value
    client.cookies["csrftoken"] = before
    assert send(client, path, given).status_code == 302
    assert client.cookies["sessionid"].value != first


@pytest.mark.django_db
def test_another_session_with_the_same_form_is_not_answered_for_the_first():
    ours, theirs = make_account(), make_account()
    for account in (ours, theirs):
        make_patient(account)
    path, clients = reverse("booking:new-person"), [browser(ours), browser(theirs)]
    token = token_on(clients[0], path)
    clients[1].cookies["csrftoken"] = clients[0].cookies["csrftoken"].value
    for client in clients:
        given = IDENTITY | AGREED | {"csrfmiddlewaretoken": token}
        assert send(client, path, given).status_code == 302
    assert Patient.unscoped.filter(account=theirs, relation="child").count() == 1


@pytest.mark.django_db
def test_what_redis_keeps_names_nobody():
    account = make_account()
    make_patient(account)
    client, path = browser(account), reverse("booking:new-person")
    given = IDENTITY | AGREED | {"csrfmiddlewaretoken": token_on(client, path)}
    send(client, path, given)
    (key,) = redis_client().scan_iter("doctolib:once:*")
    kept = key + redis_client().get(key)
    words = ("Lef", "1980", str(account.pk), "/compte/proches/")
    assert all(word.encode() not in kept for word in words)


@pytest.mark.django_db
@pytest.mark.parametrize("planted", [b'{"to": "https://ailleurs.example/"}', b"", b"null", b"\x80"])
def test_what_somebody_else_writes_to_redis_leads_nowhere(planted):
    client, path = browser(make_account()), reverse("booking:new-person")
    given = IDENTITY | AGREED | {"csrfmiddlewaretoken": token_on(client, path)}
    first = send(client, path, given)
    (key,) = redis_client().scan_iter("doctolib:once:*")
    redis_client().set(key, planted)
    again = send(client, path, given)
    assert (again.status_code, again.get("Location", first.url)) in (
        (302, first.url),
        (200, first.url),
    )


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_write_one_message(reason):
    account = make_account()
    patient = make_patient(account)
    make_known(practice_id=reason.agenda.practice_id, patient_id=patient.pk, since=NOW)
    client = browser(account)
    path = f"{reverse('booking:begin-conversation')}?agenda={reason.agenda_id}"
    given = {
        "csrfmiddlewaretoken": token_on(client, path), "patient": patient.pk,
        "agenda": reason.agenda_id, "topic": "Ordonnance", "words": "Bonjour",
    }  # fmt: skip

    def post(_number):
        try:
            twin = Client(enforce_csrf_checks=True)
            twin.cookies = client.cookies
            return send(twin, path, given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(post, range(2)))
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Conversation.unscoped.count() == 1
