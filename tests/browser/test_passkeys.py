"""Passkeys with a real Chromium and its virtual authenticator (WebDriver's WebAuthn extension)."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audit.models import Entry
from booking.models import Message
from tests.browser.conftest import check_page
from tests.factories import make_account, make_agenda, make_member
from tests.support.browser_sessions import signed_in
from tests.support.passkeys import sign_in, with_authenticator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def here(settings, live_server):
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = [live_server.url]
    return live_server.url


def test_a_passkey_opens_an_account_without_a_password(here, new_page):
    account = make_account("cle@exemple.fr")
    page = with_authenticator(new_page())
    sign_in(page, here, "cle@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/compte/cles/")
    check_page(page)
    page.get_by_role("button", name="Ajouter une clé d’accès").click()
    expect(page.get_by_text("jamais utilisée")).to_be_visible()
    expect(page.get_by_text("Chrome, Linux").first).to_be_visible()
    check_page(page)
    assert Message.objects.filter(kind="passkey", account=account).count() == 1
    assert Entry.objects.filter(action="passkey-added", subjects=[account.pk]).exists()
    # The same device makes no second one.
    page.get_by_role("button", name="Ajouter une clé d’accès").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Cet appareil a déjà une clé d’accès pour ce compte."
    )
    page.get_by_role("button", name="Faire mes codes de secours").click()
    expect(page.get_by_role("heading", name="Codes de secours")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    # Signing in with it alone; where one wanted to go is where one comes.
    page.goto(f"{here}/compte/sessions/")
    check_page(page)
    page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    expect(page.get_by_text("celui-ci")).to_be_visible()
    page.goto(f"{here}/compte/cles/")
    expect(page.get_by_text("utilisée le")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    # The password alone no longer opens it: the key is the second factor, too.
    sign_in(page, here, "cle@exemple.fr")
    page.wait_for_url("**/connexion/code/**")
    check_page(page)
    page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/compte/cles/")
    page.get_by_role("button", name="Retirer").click()
    expect(page.get_by_text("La clé d’accès n’ouvre plus rien.")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    page.goto(f"{here}/connexion/")
    page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.url.endswith(reverse("booking:sign-in"))


def test_who_was_signed_in_long_ago_proves_it_again_first(here, new_page, live_server):
    member = make_member(make_agenda().practice, role="owner")
    page = signed_in(new_page(), live_server, member.account, minutes_ago=16)
    page.goto(f"{here}/compte/cles/")
    expect(page.get_by_role("heading", name="C’est bien vous")).to_be_visible()
    check_page(page)
