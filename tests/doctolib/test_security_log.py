"""The log: one line of JSON each, in UTC; each step of signing in is in it, and nothing secret."""

import io
import json
import logging
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp

from booking.accounts.sessions import throttle
from booking.models import CodeApp
from doctolib.log import RefusedInOneLine
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_practice,
    verified_client,
)
from tests.partners.software import KEY, ask, assertion

pytestmark = pytest.mark.django_db
WRONG = "ein ganz anderes Wort"
ADDRESS = "zoe@exemple.fr"


@pytest.fixture
def events():
    """What the site's own handler writes from now on: call for its events."""
    (handler,) = [
        each for each in logging.getLogger().handlers
        if any(isinstance(one, RefusedInOneLine) for one in each.filters)
    ]  # fmt: skip
    written = io.StringIO()
    before = handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(before)


def steps(found):
    """Of the events of signing in: what happened, by what, and of whom."""
    return [
        (each["message"].removeprefix("sign-in: "), each["by"], each.get("account_id", ""))
        for each in found
        if each["logger"] == "security"
    ]


def enter(client, password=PASSWORD, email=ADDRESS):
    return client.post(reverse("booking:sign-in"), {"email": email, "password": password})


def test_each_step_is_written_with_whose_it_is_and_from_where(events):
    account = make_account(ADDRESS)
    client = Client(REMOTE_ADDR="203.0.113.9")
    enter(client, WRONG)
    enter(client)
    client.post(reverse("booking:sign-out"))
    pk = str(account.pk)
    assert steps(events()) == [
        ("refused", "password", ""), ("entered", "password", pk), ("left", "sign-out", pk)
    ]  # fmt: skip
    refused, *others = events()
    assert (refused["level"], refused["network"]) == ("WARNING", "203.0.113.0/24")
    assert refused["of"] == throttle.name_of_address(ADDRESS)[:16]
    assert {each["level"] for each in others} == {"INFO"}


def test_a_second_factor_right_and_wrong(events):
    account = make_account(ADDRESS)
    device = CodeApp.objects.create(user=account, name="test", confirmed=True)
    client = Client()
    enter(client)
    client.post(reverse("booking:code"), {"code": "no code"})
    client.post(reverse("booking:code"), {"code": f"{totp(device.seed):06d}"})
    pk = str(account.pk)
    assert steps(events()) == [
        ("refused", "factor", pk), ("entered", "password", pk), ("proved", "CodeApp", pk)
    ]  # fmt: skip


def test_what_comes_too_often_is_written(events):
    make_account(ADDRESS)
    for _n in range(throttle.FREE_TRIES + 1):
        enter(Client(), WRONG)
    assert steps(events())[-1] == ("limited", "password", "")


def test_a_password_that_is_asked_again(events):
    account = make_account(ADDRESS)
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    client.post(
        reverse("booking:change-password"), {"current": WRONG, "password": "un autre mot de passe"}
    )
    client.post(reverse("booking:erase-account"), {"password": WRONG})
    refused = [each for each in steps(events()) if each[0] == "refused"]
    assert refused == [("refused", "again", str(account.pk))] * 2


def test_software_that_gets_a_token(events):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, make_agenda())
    assert ask(assertion(credential)).status_code == 200
    (event,) = [each for each in events() if each["logger"] == "security"]
    assert (event["by"], event["of"]) == ("bearer", str(credential.pk))


def test_a_refused_page_says_whose_session_it_was(events):
    practice = make_practice()
    member = make_member(practice, role="secretary")
    client = verified_client(member.account)
    assert client.get(reverse("booking:members", args=[practice.pk])).status_code == 403
    (event,) = [each for each in events() if each["logger"] == "django.request"]
    assert event["account_id"] == str(member.account_id)
    assert event["status_code"] == 403
    assert event["network"] == "127.0.0.0/24"


def test_no_line_holds_what_was_typed(events):
    make_account(ADDRESS)
    client = Client()
    enter(client, WRONG)
    enter(client, WRONG, email="nobody@exemple.fr")
    enter(client)
    text = json.dumps(events())
    assert not [word for word in (WRONG, PASSWORD, ADDRESS, "nobody@") if word in text]


def test_an_instant_is_in_utc_and_a_line_is_one_line(events):
    before = datetime.now(UTC)
    forged = 'x\n{"level": "INFO", "message": "all is well"}\u2028y'
    logging.getLogger("booking").warning("odd: %s", forged, extra={"message_id": "abc"})
    (event,) = events()
    at = datetime.fromisoformat(event["at"])
    assert at.utcoffset().total_seconds() == 0
    assert abs((at - before).total_seconds()) < 60
    assert event["message"] == f"odd: {forged}"
    assert (event["level"], event["message_id"]) == ("WARNING", "abc")
