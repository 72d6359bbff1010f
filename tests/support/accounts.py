"""Signing up and signing in through the pages, with what the mails carry."""

from django.urls import reverse

from booking.accounts import sign_up as sign_ups
from booking.accounts.addresses import address_checks
from booking.models import AddressCheck
from booking.models.accounts.account import email_index
from tests.factories import (
    PASSWORD,
)

SIGN_IN, CODE = reverse("booking:sign-in"), reverse("booking:code")


GOOD = "une phrase facile à retenir"


CHOOSE = reverse("booking:choose-password")


def sign_up(client, email="zoe@exemple.fr", **more):
    return client.post(reverse("booking:sign-up"), {"email": email, **more})


def sign_in(client, email="zoe@exemple.fr", password=PASSWORD, **more):
    return client.post(SIGN_IN, {"email": email, "password": password, **more})


def signed_in(client):
    return "_auth_user_id" in client.session


def check_of(email="zoe@exemple.fr"):
    """The newest sign-up with an address, or its newest change to it."""
    rows = AddressCheck.objects.filter(email_index=email_index(email))
    return rows.latest("created_at", "pk")


def link_of(email="zoe@exemple.fr"):
    """The link that the newest mail to an address carries."""
    return reverse("booking:verify-email", args=[address_checks.link_token(check_of(email))])


def choose(client, password=GOOD, page=CHOOSE):
    """Choose the password of a new account."""
    return client.post(page, {"password": password})


def sign_up_of(email, *, now, **more):
    return sign_ups.begin(email=email, language="fr", now=now, **more)
