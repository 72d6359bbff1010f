"""Signing up, and the pages that ask for the code of the mail."""

import pytest
from django.urls import reverse

from booking.accounts.addresses import address_checks
from tests.factories import make_agenda, make_opening, make_reason
from tests.support.accounts import CHOOSE, check_of, choose

EMAIL = "zoe@exemple.fr"


MAIL, STATE = reverse("booking:check-mail"), reverse("booking:check-state")


GO_ON, AGAIN = reverse("booking:go-on"), reverse("booking:send-again")


@pytest.fixture
def reason():
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    return reason


def code():
    return address_checks.code_of(check_of())


def type_code(client, text):
    return client.post(MAIL, {"code": text})


def enter(client, text):
    """Type the right code, and choose the password that comes after it."""
    assert type_code(client, text)["Location"] == CHOOSE
    return choose(client)


def words(answer):
    return answer.content.decode()
