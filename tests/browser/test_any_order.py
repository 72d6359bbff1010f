"""A patient who signs in before choosing a slot books it, whatever opened the session."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_otp.oath import totp
from playwright.sync_api import expect

from booking.models import Appointment, CodeApp
from practitioners.models import Taken
from tests.browser.conftest import until
from tests.factories import (
    PASSWORD,
    make_account,
    make_patient,
)
from tests.support.browser_booking import agenda, here, local_address  # noqa: F401
from tests.support.passkeys import make_passkey, sign_in, with_authenticator

pytestmark = pytest.mark.django_db(transaction=True)


def account_with_patient(email):
    account = make_account(email)
    make_patient(account)
    return account


OWN = "doctolib-own"


def own_cache(page):
    """What this device keeps of an account (site.js), by address."""
    return page.evaluate(
        f"caches.open('{OWN}').then((own) => own.keys())"
        ".then((all) => all.map((each) => new URL(each.url).pathname))"
    )


def book_first_slot(page, here, agenda, patients=1):
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot").first.click()
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.locator(".notice.success").first).to_contain_text("confirmé")
    assert Appointment.unscoped.count() == patients


def test_signing_in_with_a_password_first(here, new_page, agenda):
    account_with_patient("avant@exemple.fr")
    page = new_page()
    sign_in(page, here, "avant@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    book_first_slot(page, here, agenda)


def test_a_device_keeps_the_list_of_visits_and_nothing_of_a_booking(here, new_page, agenda):
    account_with_patient("garde@exemple.fr")
    page = new_page()
    sign_in(page, here, "garde@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    until(page, "caches.match('/rendez-vous/hors-ligne.json').then((kept) => Boolean(kept))")
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot").first.click()
    expect(page.get_by_role("button", name="Confirmer le rendez-vous")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert own_cache(page) == ["/rendez-vous/hors-ligne.json"]
    page.evaluate(f"caches.open('{OWN}').then((own) => own.put('/autre/', new Response('')))")
    page.goto(f"{here}/rendez-vous/")
    until(page, "caches.match('/autre/').then((kept) => !kept)")
    until(page, "caches.match('/rendez-vous/hors-ligne.json').then((kept) => Boolean(kept))")
    assert own_cache(page) == ["/rendez-vous/hors-ligne.json"]


def test_signing_in_with_a_code_first(here, new_page, agenda):
    device = CodeApp.objects.create(
        user=account_with_patient("code@exemple.fr"), name="Téléphone", confirmed=True
    )
    page = new_page()
    sign_in(page, here, "code@exemple.fr")
    page.fill("[name=code]", f"{totp(device.seed):06d}")
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url(f"{here}/rendez-vous/")
    book_first_slot(page, here, agenda)


def test_signing_in_with_a_passkey_first(here, new_page, agenda):
    account_with_patient("cle@exemple.fr")
    page = with_authenticator(new_page())
    make_passkey(page, here, "cle@exemple.fr")
    page.context.clear_cookies()
    page.goto(f"{here}/connexion/")
    page.get_by_role("button", name="clé d’accès").click()
    page.wait_for_url(f"{here}/rendez-vous/")
    book_first_slot(page, here, agenda)


def test_creating_an_account_first(here, new_page, agenda, worker, mails):
    page = new_page()
    page.goto(f"{here}/inscription/")
    page.fill("[name=email]", "nouvelle@exemple.fr")
    page.get_by_role("button", name="Recevoir mon code").click()
    page.goto(local_address(here, mails("Vérifiez votre adresse")))
    page.fill("[name=password]", "une phrase facile à retenir")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_role("heading", name="Choisir mon mot de passe")).to_have_count(0)
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot").first.click()
    page.fill("[name=first_name]", "Zoé")
    page.fill("[name=last_name]", "Lefèvre")
    page.fill("[name=birth_date]", "1980-12-31")
    page.fill("[name=phone]", "06 12 34 56 78")
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.locator(".notice.success").first).to_contain_text("confirmé")


def test_a_family_signs_in_first(here, new_page, agenda):
    account = account_with_patient("famille@exemple.fr")
    make_patient(account, first_name="Aurèle", relation="child")
    page = new_page()
    sign_in(page, here, "famille@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/?personnes=2")
    page.locator("button.slot").first.click()
    for hour, who in (("09:00", "Zoé Lefèvre"), ("09:30", "Aurèle Lefèvre")):
        options = page.get_by_label(hour).locator("option").all_text_contents()
        page.get_by_label(hour).select_option(next(each for each in options if who in each))
    page.get_by_role("button", name="Confirmer").click()
    expect(page.locator(".notice.success").first).to_contain_text("2 rendez-vous sont pris")
    assert Appointment.unscoped.count() == 2


def test_another_account_of_the_same_browser_signs_in(here, new_page, agenda):
    for email in ("une@exemple.fr", "autre@exemple.fr"):
        account_with_patient(email)
    page = new_page()
    sign_in(page, here, "une@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    book_first_slot(page, here, agenda)
    # Who is signed in is led on by the sign-in page: another account enters after signing out.
    page.goto(f"{here}/connexion/")
    page.wait_for_url(f"{here}/rendez-vous/")
    page.get_by_role("button", name="Se déconnecter").click()
    sign_in(page, here, "autre@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    book_first_slot(page, here, agenda, patients=2)


def test_a_parent_answers_first_and_books_for_a_child_on_a_phone(here, new_page, agenda):
    agenda.visit_reasons.update(patient_kind="new")
    make_account("parent@exemple.fr")
    page = new_page(has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    expect(page.locator("button.slot")).to_have_count(0)
    page.get_by_label("Non, c’est la première fois").check()
    page.locator("button.slot").first.click()
    page.get_by_role("link", name="J’ai un compte").click()
    page.fill("[name=email]", "parent@exemple.fr")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.locator("[name=consent]")).to_be_hidden()
    page.select_option("[name=relation]", "child")
    page.locator("[name=consent]").check()
    page.fill("[name=first_name]", "Aurèle")
    page.fill("[name=last_name]", "Lefèvre")
    page.fill("[name=birth_date]", "2020-12-31")
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.locator(".notice.success").first).to_contain_text("confirmé")
    assert Appointment.unscoped.get().patient.relation == "child"


def test_a_passkey_finishes_what_was_begun_and_a_header_does_not(here, new_page, agenda):
    account_with_patient("cle@exemple.fr")
    page = with_authenticator(new_page())
    make_passkey(page, here, "cle@exemple.fr")
    for from_header in (True, False):
        # Nothing on its way brings a cookie back.
        page.goto("about:blank")
        page.context.clear_cookies()
        page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
        page.locator("button.slot").first.click()
        expect(page.get_by_role("link", name="J’ai un compte")).to_be_visible()
        if from_header:
            page.goto(here)
            page.get_by_role("link", name="Se connecter").click()
        else:
            page.get_by_role("link", name="J’ai un compte").click()
        page.get_by_role("button", name="clé d’accès").click()
        if from_header:
            page.wait_for_url(f"{here}/rendez-vous/")
            page.get_by_role("button", name="Ce n’était pas moi").click()
            expect(page.get_by_text("rien n’est réservé")).to_be_visible()
    page.get_by_role("button", name="Confirmer le rendez-vous").click()
    expect(page.locator(".notice.success").first).to_contain_text("confirmé")
    assert Appointment.unscoped.count() == 1


def test_at_the_end_of_a_hold_the_count_gives_way_to_what_is_true(here, new_page, agenda):
    account_with_patient("fin@exemple.fr")
    page = new_page()
    sign_in(page, here, "fin@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot").first.click()
    expect(page.get_by_text("vous est gardé encore")).to_be_visible()
    expect(page.locator("#hold-over")).to_be_hidden()
    until = timezone.now() + timedelta(seconds=8)
    assert Taken.objects.filter(hold_until__isnull=False).update(hold_until=until) == 1
    page.reload()
    expect(page.locator("#hold-over")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("vous est gardé encore")).to_be_hidden()
    expect(page.get_by_text("0:00")).to_be_hidden()
