"""Pages and what is said on them are in one language, also once a session has begun or ended."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from booking.accounts import accounts
from booking.accounts.factors import second_factor
from booking.accounts.sessions import sign_ins
from booking.models import Account
from tests.factories import PASSWORD, make_account

pytestmark = pytest.mark.django_db

ADDRESS, HOME = "ada@exemple.fr", reverse("practitioners:home")
SIGN_IN, ACCOUNT = reverse("booking:sign-in"), reverse("booking:account")


@pytest.fixture(params=["fr", "en"])
def browser(request):
    """A browser in the other language than the account's, and the account's."""
    language, others = request.param, "en" if request.param == "fr" else "fr"
    account = make_account(ADDRESS)
    accounts.choose_language(account=account, language=language)
    return Client(headers={"accept-language": others}), language


def enter(client):
    return client.post(SIGN_IN, {"email": ADDRESS, "password": PASSWORD}, follow=True)


def language_of(answer):
    return re.search(r'<html lang="(\w+)"', answer.content.decode())[1]


def notices(answer):
    return re.findall(r'<p class="notice [^"]*">(.*?)</p>', answer.content.decode())


SAID = {
    "erased": {"fr": "Votre compte est effacé.", "en": "Your account has been erased."},
    "code": {"fr": "Un code de secours a servi", "en": "A recovery code was used"},
}


def test_what_is_said_of_an_erased_account_is_in_the_language_of_its_page(browser):
    client, language = browser
    assert language_of(client.get(HOME)) != language
    enter(client)
    answer = client.post(reverse("booking:erase-account"), {"password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [(HOME, 302)]
    assert (notices(answer), language_of(answer)) == ([SAID["erased"][language]], language)
    assert language_of(client.get(SIGN_IN)) == language, "and on the pages after it"


def test_signing_out_goes_on_in_the_language_of_the_account(browser):
    client, language = browser
    enter(client)
    answer = client.post(reverse("booking:sign-out"), follow=True)
    assert language_of(answer) == language


def test_a_session_that_was_ended_elsewhere_says_so_in_the_same_language(browser):
    client, language = browser
    enter(client)
    client.get(ACCOUNT)
    sign_ins.sign_out_everywhere(Account.objects.get())
    answer = client.get(ACCOUNT, follow=True)
    assert answer.redirect_chain[-1][0].startswith(SIGN_IN)
    assert language_of(answer) == language


def test_what_is_said_on_entering_is_in_the_language_of_the_account(browser):
    client, language = browser
    account = Account.objects.get()
    codes = second_factor.new_recovery_codes(
        account=account, actor=accounts.account_actor(account), now=account.created_at
    )
    assert language_of(enter(client)) != language
    answer = client.post(reverse("booking:code"), {"code": codes[0]}, follow=True)
    (said,) = notices(answer)
    assert said.startswith(SAID["code"][language]) and language_of(answer) == language


def test_the_next_account_and_a_choice_come_first(browser):
    client, language = browser
    enter(client)
    client.get(ACCOUNT)
    client.post(reverse("booking:sign-out"))
    other = make_account("bob@exemple.fr")
    others = "en" if language == "fr" else "fr"
    accounts.choose_language(account=other, language=others)
    entered = {"email": "bob@exemple.fr", "password": PASSWORD}
    assert language_of(client.post(SIGN_IN, entered, follow=True)) == others
    client.get(ACCOUNT)
    assert language_of(client.post(reverse("booking:sign-out"), follow=True)) == others
    client.cookies["django_language"] = language
    assert language_of(client.get(HOME)) == language


@pytest.mark.parametrize("kept", ["", "xx", "é", "fr-x", "a" * 5000, "../en"])
def test_what_is_no_language_changes_nothing(kept):
    client = Client(headers={"accept-language": "en"})
    client.cookies["left_language"] = kept
    assert language_of(client.get(HOME)) == "en"
