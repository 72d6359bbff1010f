"""A request that is refused is one line of the log at most; what breaks is told whole."""

import io
import logging

import pytest
from django.test import Client
from django.urls import reverse

from doctolib.log import RefusedInOneLine
from tests.factories import make_member, make_practice, verified_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    """What the site's own handler writes from now on: call for its lines."""
    (handler,) = [
        each for each in logging.getLogger().handlers
        if any(isinstance(one, RefusedInOneLine) for one in each.filters)
    ]  # fmt: skip
    written = io.StringIO()
    before = handler.setStream(written)
    yield lambda: written.getvalue().splitlines()
    handler.setStream(before)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?q=%00", 400), ("/recherche/?quoi=a%00b", 400), ("/praticien/%00/", 404),
        ("/messages/nichts/", 404),
    ],
)  # fmt: skip
def test_an_address_that_is_refused(lines, address, status):
    assert Client().get(address).status_code == status
    assert len(lines()) <= 1


def test_a_host_that_is_not_ours(lines):
    assert Client().get("/", headers={"host": "boese.example"}).status_code == 400
    assert len(lines()) <= 1


def test_a_form_with_too_many_fields(lines):
    answer = Client().post(reverse("booking:hold"), {f"feld-{n}": "" for n in range(2000)})
    assert answer.status_code == 400
    assert len(lines()) <= 1


def test_a_role_that_may_not(lines):
    practice = make_practice()
    client = verified_client(make_member(practice, role="secretary").account)
    assert client.get(reverse("booking:members", args=[practice.pk])).status_code == 403
    assert len(lines()) <= 1


def test_what_breaks_keeps_its_traceback(lines):
    try:
        raise RuntimeError("a fault of ours")
    except RuntimeError:
        logging.getLogger("django.request").exception("broken", extra={"status_code": 500})
        logging.getLogger("booking").exception("broken too")
    assert sum("RuntimeError: a fault of ours" in line for line in lines()) == 2


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("booking:accept-invitation", "post"), ("booking:reset-password", "get"),
        ("booking:verify-email", "put"), ("booking:offer", "get"), ("partners:feed", "get"),
        ("booking:no-reminders", "post"), ("booking:accept-handover", "delete"),
    ],
)  # fmt: skip
def test_a_link_that_is_refused_is_not_in_the_log(lines, name, method):
    """A link may be good for somebody else, or at another time."""
    secret = "x7Jk2" * 8
    answer = getattr(Client(), method)(reverse(name, args=[secret]))
    assert answer.status_code in (302, 400, 404, 405)
    assert not [line for line in lines() if secret in line]
    if answer.status_code != 302:
        assert [line for line in lines() if "<str:" in line]
