"""A cookie in wrong hands: it ends when nobody uses it, and opens nothing in another place."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from booking.appointments.book import book
from booking.appointments.values import By, Conditions
from booking.models import CodeApp, SignIn
from booking.models.appointment import Channel
from partners.models import PartnerMember
from practitioners.models import Membership
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_credential,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEWER = FIREFOX.replace("140", "141")
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
SURGERY, NEXT_DOOR, HOME = "203.0.113.7", "203.0.113.99", "198.51.100.9"
ADDRESS = "membre@exemple.fr"


@pytest.fixture
def practice():
    return make_practice()


@pytest.fixture
def account(practice):
    """An owner of a practice, of the team and of a vendor at once."""
    account = make_account(ADDRESS, is_staff=True, is_superuser=True)
    Membership.objects.create(account=account, practice=practice, role="owner")
    PartnerMember.objects.create(
        partner=make_credential().partner, account=account, created_at=timezone.now()
    )
    CodeApp.objects.create(user=account, name="totp", confirmed=True)
    return account


@pytest.fixture
def pages(practice):
    """What a session of somebody's work opens: the dashboard, a vendor's pages, the team's."""
    return [
        reverse("booking:agenda", args=[practice.pk]),
        reverse("partners:vendors"),
        reverse("admin:index"),
        reverse("incidents:register"),
    ]


def give_code(client, page="booking:code"):
    device = CodeApp.objects.get()
    device.last_step = -1
    device.save()
    return client.post(reverse(page), {"code": f"{totp(device.seed):06d}"})


def signed_in(*, browser=FIREFOX, network=SURGERY):
    """A browser that went through the forms."""
    client = Client(HTTP_USER_AGENT=browser, REMOTE_ADDR=network)
    answer = client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    assert answer["Location"].startswith(reverse("booking:code"))
    give_code(client)
    return client


def taken(client, *, browser=FIREFOX, network=SURGERY):
    """The same cookies elsewhere."""
    thief = Client(HTTP_USER_AGENT=browser, REMOTE_ADDR=network)
    thief.cookies = client.cookies.copy()
    return thief


def opens(client, page):
    return client.get(page, follow=False).status_code == 200


def later(time_machine, **delta):
    time_machine.move_to(timezone.now() + timedelta(**delta), tick=False)


def test_a_session_of_work_ends_after_half_an_hour(account, pages, time_machine):
    for page in pages:
        client = signed_in()
        assert opens(client, page)
        later(time_machine, minutes=29)
        assert opens(client, page)
        later(time_machine, minutes=29)
        assert opens(client, page), "a reader at work goes on"
        later(time_machine, minutes=31)
        assert not opens(client, page)
        answer = client.get(reverse("booking:account"), follow=True)
        assert answer.redirect_chain[0][0].startswith(reverse("booking:sign-in"))
        assert "demi-heure" in answer.content.decode()
    assert SignIn.objects.count() == 0


def test_a_page_that_stays_open_does_not_keep_it(account, practice, pages, time_machine):
    client = signed_in()
    assert opens(client, pages[0])
    by_script = {"Sec-Fetch-Mode": "cors"}
    asks = reverse("booking:desk-session", args=[practice.pk])
    for _each in range(4):
        later(time_machine, minutes=9)
        client.get(pages[0], headers=by_script)
        state = client.post(asks, headers=by_script).json()["state"]
    assert state == "signed-out"
    assert not opens(client, pages[0])


def test_a_form_is_kept_when_the_session_was_idle(account, practice, pages, time_machine):
    client = signed_in()
    assert opens(client, pages[0])
    later(time_machine, minutes=31)
    form = {"email": "nouvelle@exemple.fr", "role": "secretary"}
    led = client.post(reverse("booking:members", args=[practice.pk]), form)
    sign_in = {"email": ADDRESS, "password": PASSWORD}
    resume = parse_qs(urlsplit(led["Location"]).query)["next"][0]
    client.post(reverse("booking:sign-in"), sign_in | {"next": resume})
    give_code(client)
    answer = client.get(resume)
    assert ("email", "nouvelle@exemple.fr") in answer.context["draft"].fields


def test_a_patients_session_lives_on(time_machine):
    make_account(ADDRESS)
    client = Client()
    client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    assert opens(client, reverse("booking:account"))
    later(time_machine, days=3)
    assert opens(client, reverse("booking:account"))


def test_no_session_lives_for_ever(time_machine):
    """A patient's that is used every day shows the first factor once a month."""
    make_account(ADDRESS)
    client = Client()
    client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    for _day in range(30):
        assert opens(client, reverse("booking:account"))
        later(time_machine, days=1, minutes=-1)
    client.post(reverse("booking:prove-again"), {"password": PASSWORD})
    for _day in range(30):
        assert opens(client, reverse("booking:account"))
        later(time_machine, days=1)
    later(time_machine, minutes=1)
    answer = client.get(reverse("booking:account"), follow=True)
    assert "Votre session a plus d’un mois" in answer.content.decode()
    assert not opens(client, reverse("booking:account"))


def test_the_code_is_asked_daily(account, pages, time_machine):
    for page in pages:
        client = signed_in()
        assert opens(client, page)
        for _each in range(60):
            later(time_machine, minutes=24)
            if not opens(client, page):
                break
        else:
            later(time_machine, minutes=1)
        answer = client.get(page, follow=True)
        path = answer.redirect_chain[-1][0]
        assert path.startswith(reverse("booking:code"))
        give_code(client)
        assert opens(client, page)


def test_a_new_browser_gives_the_code_too(account, pages):
    signed_in()
    client = Client(HTTP_USER_AGENT=CHROME, REMOTE_ADDR=SURGERY)
    client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    for page in pages:
        assert not opens(client, page)


def test_a_cookie_opens_nothing_from_another_network(account, pages):
    client = signed_in()
    for page in pages:
        assert opens(client, page)
        assert opens(taken(client, network=NEXT_DOOR), page)
        assert not opens(taken(client, network=HOME), page)


def test_who_moves_gives_the_code_once_for_each_network(account, pages):
    client = signed_in()
    assert opens(client, pages[0])
    client.defaults["REMOTE_ADDR"] = HOME
    answer = client.get(pages[0], follow=True)
    assert "Votre réseau a changé" in answer.content.decode()
    give_code(client)
    for network in (HOME, SURGERY, HOME, NEXT_DOOR):
        client.defaults["REMOTE_ADDR"] = network
        assert opens(client, pages[0])


@pytest.mark.parametrize("with_factor", [True, False])
def test_a_cookie_ends_in_another_browser(account, with_factor):
    if not with_factor:
        CodeApp.objects.all().delete()
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR=SURGERY)
    client.post(reverse("booking:sign-in"), {"email": ADDRESS, "password": PASSWORD})
    if with_factor:
        give_code(client)
    page = reverse("booking:account")
    assert opens(client, page)
    assert opens(taken(client, browser=NEWER), page), "an update is the same browser"
    thief = taken(client, browser=CHROME)
    assert not opens(thief, page)
    assert not opens(client, page), "and it ends for everybody"


def test_the_list_of_sessions_shows_what_each_did(account, practice, pages):
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    visit = book(
        visit_reason=reason,
        starts_at=timezone.now() + timedelta(hours=1),
        patient=make_patient(practice=practice),
        by=By(actor=practice_actor(practice), channel=Channel.PRACTICE),
        conditions=Conditions(anywhere=True),
        now=timezone.now(),
    )
    here, there = signed_in(), signed_in(browser=CHROME)
    day = f"?jour={timezone.localdate(visit.starts_at)}"
    assert opens(there, pages[0] + day)
    mark = reverse("booking:mark-visit", args=[practice.pk, visit.pk])
    there.post(mark, {"status": "arrived"})
    answer = here.get(reverse("booking:sessions"))
    shown = {row.browser: did for row, did in answer.context["sign_ins"]}
    did = shown["Chrome, Windows"]
    assert did.reads >= 1 and did.changes == 1
    assert [str(words) for words, _at in did.latest] == ["Venue notée"]
    assert shown["Firefox, Linux"] is None
    assert "1 action" in answer.content.decode()
    # Proved once more, it has another key, and is the same session with all that it did.
    there.post(reverse("booking:prove-again"))
    give_code(there)
    rows = here.get(reverse("booking:sessions")).context["sign_ins"]
    shown = {row.browser: did for row, did in rows}
    assert len(rows) == len(shown) == 2
    assert shown["Chrome, Windows"].changes == 1
    assert opens(there, pages[0] + day)
