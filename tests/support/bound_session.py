"""A browser whose session may be bound to its device's key."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.device import Device
from tests.factories import PASSWORD, make_account

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"


SURGERY, HOME = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def behind_tls(settings):
    settings.SESSION_COOKIE_SECURE = True


@pytest.fixture
def patient():
    return make_account("patiente@exemple.fr")


def sign_in(client, address="patiente@exemple.fr", **more):
    form = {"email": address, "password": PASSWORD, **more}
    return client.post(reverse("booking:sign-in"), form)


def browser(**more):
    return Client(HTTP_USER_AGENT=CHROME, REMOTE_ADDR=SURGERY, **more)


def bound(alg="ES256"):
    """A patient's browser whose session is bound, and its device."""
    client, own = browser(), Device(alg)
    answer = own.take_up(client, sign_in(client))
    assert answer.status_code == 200, answer.content
    return client, own
