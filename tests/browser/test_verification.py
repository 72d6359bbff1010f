"""The slot is found again on both devices, and the pages of an account's address are accessible."""

import re

import pytest
from playwright.sync_api import expect

from booking.accounts.addresses import address_checks
from booking.models import Account, AddressCheck
from tests.browser.conftest import PHONE, check_page
from tests.factories import PASSWORD, make_account
from tests.support.browser_booking import agenda, here, local_address  # noqa: F401
from tests.support.passkeys import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "une phrase facile à retenir"


def test_a_link_opened_on_the_phone_leads_both_devices_to_the_slot(
    here,
    new_page,
    agenda,
):
    desk, phone = new_page(), new_page()
    phone.set_viewport_size(PHONE)
    desk.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    desk.locator("button.slot").first.click()
    desk.get_by_role("link", name="Créer un compte").click()
    desk.get_by_label("E-mail").fill("nouvelle@exemple.fr")
    desk.get_by_role("button", name="Recevoir mon code").click()
    expect(desk.get_by_text("nouvelle@exemple.fr")).to_be_visible()
    check_page(desk)
    token = address_checks.link_token(AddressCheck.objects.get())
    phone.goto(f"{here}/verification/{token}/")
    check_page(phone)
    phone.get_by_label("Mot de passe").fill(GOOD)
    phone.get_by_role("button", name="Créer mon compte").click()
    expect(phone.get_by_text("vous est gardé encore")).to_be_visible()
    # The desk, which still waits for the code, goes on by itself: to the sign-in, and the slot.
    expect(desk.get_by_text("Votre compte est ouvert")).to_be_visible()
    desk.get_by_label("E-mail").fill("nouvelle@exemple.fr")
    desk.get_by_label("Mot de passe").fill(GOOD)
    desk.get_by_role("button", name="Se connecter").click()
    expect(desk.get_by_text("vous est gardé encore")).to_be_visible()


def test_a_code_leads_through_the_password_to_the_slot(here, new_page, agenda):
    """On a phone, with a slot that is held: three short pages."""
    phone = new_page()
    phone.set_viewport_size(PHONE)
    phone.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    phone.locator("button.slot").first.click()
    phone.get_by_role("link", name="Créer un compte").click()
    phone.get_by_label("E-mail").fill("nouvelle@exemple.fr")
    phone.get_by_role("button", name="Recevoir mon code").click()
    expect(phone.get_by_text("nouvelle@exemple.fr")).to_be_visible()
    phone.get_by_label("Code reçu").fill(address_checks.code_of(AddressCheck.objects.get()))
    phone.get_by_role("button", name="Vérifier mon adresse").click()
    expect(phone.get_by_role("heading", name="Choisir mon mot de passe")).to_be_visible()
    check_page(phone)
    phone.get_by_label("Mot de passe").fill(GOOD)
    phone.get_by_role("button", name="Créer mon compte").click()
    expect(phone.get_by_text("vous est gardé encore")).to_be_visible()


def test_the_pages_of_address_and_password(here, new_page):
    make_account("zoe@exemple.fr")
    page = new_page()
    sign_in(page, here, "zoe@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    for path in ("/compte/", "/compte/mot-de-passe/", "/compte/espaces/", "/compte/adresse/"):
        page.goto(f"{here}{path}")
        check_page(page)
    page.get_by_label("Nouvelle adresse").fill("nouvelle@exemple.fr")
    page.get_by_label("Votre mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Changer d’adresse").click()
    expect(page.get_by_text("nouvelle@exemple.fr")).to_be_visible()
    check_page(page)
    code = address_checks.code_of(AddressCheck.objects.get())
    page.get_by_label("Code reçu par e-mail").fill(f"{code[:3]} {code[3:]}")
    page.get_by_role("button", name="Vérifier ma nouvelle adresse").click()
    expect(page.locator(".notice.success")).to_have_text("Votre nouvelle adresse est vérifiée.")
    assert re.fullmatch(r".*/compte/", page.url)
    assert Account.objects.get_by_natural_key("nouvelle@exemple.fr")
