"""An account whose address is about to change, and the mails about it."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from booking.accounts.addresses import address_checks
from booking.models import AddressCheck
from booking.outbox import sending
from tests.factories import PASSWORD, make_account
from tests.support.accounts import sign_in

OLD, NEW = "zoe@exemple.fr", "nouvelle@exemple.fr"


PAGE, PROVE = reverse("booking:change-email"), reverse("booking:prove-new-email")


ACCOUNT, PASSWORD_PAGE = reverse("booking:account"), reverse("booking:change-password")


@pytest.fixture
def account():
    return make_account(OLD)


@pytest.fixture
def client(account):
    client = Client()
    sign_in(client)
    return client


def ask(client, email=NEW, password=PASSWORD):
    return client.post(PAGE, {"email": email, "password": password})


def check():
    return AddressCheck.objects.latest("created_at", "pk")


def code():
    return address_checks.code_of(check())


def words(answer):
    return answer.content.decode().replace("<wbr>", "")


def post(now):
    """Send what is owed; the mails as (address, subject, text)."""
    mail.outbox.clear()
    sending.send_owed(now=now)
    return [(letter.to[0], letter.subject, letter.body) for letter in mail.outbox]


def path_in(text):
    return re.search(r"https?://[^/]+(/\S+)", text)[1]


def actions(account):
    return set(
        Entry.objects.filter(subjects__contains=[account.pk]).values_list("action", flat=True)
    )
