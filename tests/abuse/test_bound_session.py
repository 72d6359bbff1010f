"""A session that is bound to its device's key: copied cookies open nothing."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.models import Entry
from booking.accounts.sessions import sign_ins
from booking.models import CodeApp, DeviceKey, SignIn
from booking.pages.session import device
from booking.session_store import digest_of
from practitioners.models import Membership
from tests.device import OFFER, Device, ask, copied, session_cookie
from tests.factories import PASSWORD, make_account, make_practice
from tests.support.bound_session import HOME, behind_tls, bound, browser, patient, sign_in  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen", "behind_tls")]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ADDRESS = "membre@exemple.fr"


@pytest.fixture
def practice():
    return make_practice()


@pytest.fixture
def member(practice):
    account = make_account(ADDRESS)
    Membership.objects.create(account=account, practice=practice, role="owner")
    CodeApp.objects.create(user=account, name="totp", confirmed=True)
    return account


def give_code(client):
    app = CodeApp.objects.get()
    app.last_step = -1
    app.save()
    return client.post(reverse("booking:code"), {"code": f"{totp(app.seed):06d}"})


def opens(client, page=None):
    return client.get(page or reverse("booking:account")).status_code == 200


def later(time_machine, **delta):
    time_machine.move_to(timezone.now() + timedelta(**delta), tick=False)


def test_a_sign_in_offers_to_bind_the_session(patient):
    answer = sign_in(browser())
    assert OFFER.fullmatch(answer[device.OFFERS])
    assert device.OFFERS not in browser().get(reverse("booking:sign-in"))
    assert device.OFFERS not in sign_in(browser(), password="wrong")


def test_without_tls_nothing_is_offered(patient, settings):
    settings.SESSION_COOKIE_SECURE = False
    assert device.OFFERS not in sign_in(browser())


def test_a_member_is_offered_it_with_the_second_factor(member, practice):
    client, own = browser(), Device()
    assert device.OFFERS not in sign_in(client, ADDRESS)
    assert own.take_up(client, give_code(client)).status_code == 200
    assert opens(client, reverse("booking:agenda", args=[practice.pk]))


def test_a_browser_that_does_not_know_it_goes_on(patient, time_machine):
    client = browser()
    sign_in(client)
    later(time_machine, days=3)
    assert opens(client)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_the_browser_is_told_what_to_keep_to(patient, alg):
    client, own = browser(), Device(alg)
    answer = own.take_up(client, sign_in(client))
    said = answer.json()
    assert said["session_identifier"] == own.name == str(DeviceKey.objects.get().pk)
    assert said["refresh_url"] == reverse("booking:renew-device")
    (credential,) = said["credentials"]
    assert credential["name"] == device.COOKIE
    cookie = answer.cookies[device.COOKIE]
    assert cookie["max-age"] == 600 and cookie["secure"] and cookie["httponly"]
    assert "no-store" in answer["Cache-Control"]


def test_a_copied_session_cookie_opens_nothing(patient, time_machine):
    client, _own = bound()
    later(time_machine, seconds=21)
    assert opens(client)
    thief = copied(client, session_cookie())
    assert not opens(thief)
    assert opens(client), "and its owner's session lives on"


def test_requests_that_left_before_the_pass_came_are_answered(patient, time_machine):
    client, _own = bound()
    other_tab = copied(client, session_cookie())
    later(time_machine, seconds=19)
    assert opens(other_tab)
    later(time_machine, seconds=2)
    assert not opens(other_tab)


def test_copied_cookies_open_nothing_once_the_pass_is_over(patient, time_machine):
    client, own = bound()
    thief = copied(client)
    later(time_machine, minutes=10)
    assert opens(thief), "a pass lasts"
    later(time_machine, seconds=21)
    assert not opens(thief) and not opens(client)
    assert own.renew(client).status_code == 200
    assert opens(client)
    assert not opens(thief)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_pass_is_renewed_by_the_devices_key_alone(patient, time_machine, alg):
    client, own = bound(alg)
    thief, foreign = copied(client), Device(alg)
    foreign.name, foreign.challenge = own.name, own.challenge
    for proof in (
        foreign.proof(own.challenge),
        foreign.proof(own.challenge, names_key=True),
        Device("RS256" if alg == "ES256" else "ES256").proof(own.challenge),
    ):
        answer = foreign.renew(thief, proof)
        assert answer.status_code == 400 and device.COOKIE not in answer.cookies
    later(time_machine, minutes=11)
    assert not opens(thief)
    assert own.renew(client).status_code == 200


def test_another_key_is_a_sign_of_theft(patient):
    client, own = bound()
    thief, foreign = copied(client, REMOTE_ADDR=HOME), Device()
    foreign.name = own.name
    for _each in range(3):
        foreign.renew(thief, foreign.proof(own.challenge))
    (entry,) = Entry.objects.filter(action="session-refused")
    assert str(patient.pk) in map(str, entry.subjects)
    assert "Session refusée hors de son appareil" in page(client, "booking:reads")
    assert "Refusée hors de cet appareil le" in page(client, "booking:sessions")


def test_a_copy_used_elsewhere_is_a_sign_of_theft(patient, time_machine):
    client, _own = bound()
    later(time_machine, seconds=30)
    opens(copied(client, session_cookie()))
    assert not Entry.objects.filter(action="session-refused"), "its own browser may be late"
    opens(copied(client, session_cookie(), REMOTE_ADDR=HOME))
    opens(copied(client, session_cookie(), HTTP_USER_AGENT=FIREFOX))
    assert Entry.objects.filter(action="session-refused").count() == 1
    assert SignIn.objects.count() == 1


def page(client, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_challenge_is_signed_once(patient):
    client, own = bound()
    proof = own.proof(own.challenge)
    assert own.renew(client, proof).status_code == 200
    again = ask(copied(client), "booking:renew-device", proof, name=own.name)
    assert again.status_code == 403 and device.COOKIE not in again.cookies
    assert again[device.ASKS] == f'"{own.challenge}";id="{own.name}"'


def test_a_challenge_is_not_signed_in_advance(patient, time_machine):
    client, own = bound()
    proof = own.proof(own.challenge)
    later(time_machine, minutes=13)
    assert own.renew(client, proof).status_code == 403
    assert own.renew(client).status_code == 200
    assert opens(client)


def test_who_signs_nothing_is_given_a_challenge(patient, time_machine):
    client, own = bound()
    later(time_machine, hours=9)
    first = own.renew(client, "")
    assert first.status_code == 403 and device.COOKIE not in first.cookies
    challenge = own.challenge
    own.renew(client, "")
    assert own.challenge == challenge, "two requests under way sign the same"
    assert own.renew(client).status_code == 200


def test_one_session_is_not_renewed_with_anothers_cookie(patient):
    client, _own = bound()
    other, others = bound()
    own_cookies = copied(client)
    answer = others.renew(own_cookies)
    assert answer.json() == {"session_identifier": others.name, "continue": False}
    assert device.COOKIE not in answer.cookies
    # And a pass of one's own opens nobody else's session.
    thief = copied(client, session_cookie())
    thief.cookies[device.COOKIE] = other.cookies[device.COOKIE].value
    DeviceKey.objects.update(registered_at=timezone.now() - timedelta(minutes=1))
    assert not opens(thief)


def test_a_key_is_registered_by_the_browser_that_signed_in_alone(patient, time_machine):
    client, thiefs = browser(), browser()
    challenge = OFFER.fullmatch(sign_in(client)[device.OFFERS])[2]
    sign_in(thiefs)
    foreign = Device()
    proof = foreign.proof(challenge, names_key=True)
    assert foreign.register(thiefs, proof).status_code == 400, "another session's challenge"
    assert foreign.register(browser(), proof).status_code == 401
    later(time_machine, minutes=6)
    assert foreign.register(client, proof).status_code == 400, "an old challenge"


def test_a_session_that_is_bound_takes_no_other_key(patient, time_machine):
    client, own = browser(), Device()
    answer = sign_in(client)
    own.take_up(client, answer)
    thief = copied(client, session_cookie())
    assert Device().take_up(thief, answer).status_code == 400
    later(time_machine, seconds=30)
    assert not opens(thief) and opens(client)
    assert str(DeviceKey.objects.get().pk) == own.name


@pytest.mark.parametrize("harm", ["gone", "another key", "another session's"])
def test_a_writer_to_the_database_unbinds_nothing(patient, time_machine, harm):
    client, own = bound()
    other, others = bound()
    assert opens(client) and opens(other)
    later(time_machine, seconds=30)
    row = DeviceKey.objects.get(pk=own.name)
    stolen = copied(client, session_cookie())
    if harm == "gone":
        row.delete()
    elif harm == "another key":
        mine = DeviceKey.objects.get(pk=others.name)
        DeviceKey.objects.filter(pk=row.pk).update(
            public_key=mine.public_key, registered_at=timezone.now()
        )
    else:
        digest = row.session_digest
        row.delete()
        DeviceKey.objects.filter(pk=others.name).update(session_digest=digest)
        stolen.cookies[device.COOKIE] = other.cookies[device.COOKIE].value
    assert not opens(stolen)


def test_signing_out_ends_both_cookies(patient):
    client, own = bound()
    answer = client.post(reverse("booking:sign-out"))
    assert answer.cookies[device.COOKIE]["max-age"] == 0
    assert not DeviceKey.objects.exists()
    assert own.renew(client).json()["continue"] is False


def test_a_session_that_was_closed_elsewhere_is_renewed_no_more(patient):
    client, own = bound()
    other, _others = bound()
    row = SignIn.objects.exclude(session_digest=sign_in_of(other)).get()
    other.post(reverse("booking:end-session", args=[row.pk]))
    assert own.renew(client).json() == {"session_identifier": own.name, "continue": False}
    assert not opens(client)


def sign_in_of(client):
    return digest_of(client.cookies[session_cookie()].value)


def test_another_cookie_of_the_same_session_is_bound_as_it_was(patient, time_machine):
    """After closing the others, and after another password, the session has a new cookie."""
    client, own = bound()
    client.post(reverse("booking:end-other-sessions"))
    new = "un-autre-mot-de-passe"
    form = {"current": PASSWORD, "password": new}
    answer = client.post(reverse("booking:change-password"), form)
    assert answer.status_code == 302 and device.OFFERS not in answer
    assert opens(client)
    later(time_machine, seconds=30)
    assert not opens(copied(client, session_cookie()))
    assert own.renew(client).status_code == 200
    assert opens(client)


def test_what_was_typed_is_not_lost(member, practice, time_machine):
    client, own = browser(), Device()
    sign_in(client, ADDRESS)
    own.take_up(client, give_code(client))
    members = reverse("booking:members", args=[practice.pk])
    assert opens(client, members)
    later(time_machine, minutes=11)
    typed = {"email": "nouvelle@exemple.fr", "role": "secretary"}
    answer = client.post(members, typed)
    assert answer["Location"].startswith(reverse("booking:sign-in"))
    resume = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    sign_in(client, ADDRESS, next=resume)
    assert device.OFFERS in give_code(client), "the new session may be bound anew"
    answer = client.get(resume)
    assert ("email", "nouvelle@exemple.fr") in answer.context["draft"].fields


def test_a_device_that_lost_its_key_signs_in(patient, time_machine):
    client, _own = bound()
    later(time_machine, minutes=11)
    assert not opens(client)
    own = Device()
    assert own.take_up(client, sign_in(client)).status_code == 200
    assert opens(client)
    assert SignIn.objects.count() == DeviceKey.objects.count() == 1, "the former session is ended"


def test_a_browser_that_renews_alone_keeps_no_session_of_work(member, practice, time_machine):
    client, own = browser(), Device()
    sign_in(client, ADDRESS)
    own.take_up(client, give_code(client))
    agenda = reverse("booking:agenda", args=[practice.pk])
    assert opens(client, agenda)
    for _each in range(4):
        later(time_machine, minutes=8)
        assert own.renew(client).status_code == 200
    assert not opens(client, agenda)


def test_it_costs_no_statement(patient, time_machine):
    plain = browser()
    sign_in(plain)
    client, _own = bound()
    opens(plain), opens(client)
    counts = []
    for each in (plain, client):
        with CaptureQueriesContext(connection) as asked:
            assert opens(each)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    with CaptureQueriesContext(connection) as asked:
        Client().get(reverse("booking:sign-in"))
    assert not [query for query in asked if "devicekey" in query["sql"]]


def test_the_list_of_sessions_says_which_are_bound(patient):
    client, _own = bound()
    sign_in(Client(HTTP_USER_AGENT=FIREFOX))
    text = page(client, "booking:sessions")
    assert text.count("liée à l’appareil</span>") == 1
    client.cookies["django_language"] = "en"
    assert "bound to the device" in page(client, "booking:sessions")


def test_what_is_over_is_forgotten(patient):
    bound()
    Session.objects.all().delete()
    sign_ins.forget_ended(now=timezone.now())
    assert not DeviceKey.objects.exists()
