"""A booking's last page that is left half filled in, with scripts and without."""

from datetime import time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from booking.models import Appointment
from practitioners.domain.scheduling import next_slots
from tests.clock import today
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.passkeys import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "Je viens avec des béquilles."


@pytest.fixture
def agenda():
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda)
    make_opening(
        agenda, reason, starts_on=today() + timedelta(days=1), number=1,
        from_time=time(9), until_time=time(11),
    )  # fmt: skip
    next_slots.refresh(agenda_ids=[agenda.pk], now=timezone.now())
    make_patient(make_account("zoe@exemple.fr"))
    return agenda


def at_last_page(page, here, agenda):
    sign_in(page, here, "zoe@exemple.fr")
    page.wait_for_url(f"{here}/rendez-vous/")
    page.goto(f"{here}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot").first.click()
    expect(page.locator("[name=note]")).to_have_value("")
    page.fill("[name=note]", NOTE)


def test_links_the_language_and_the_browsers_own_buttons(live_server, new_page, agenda):
    page = new_page()
    at_last_page(page, live_server.url, agenda)
    page.get_by_role("link", name="Mes rendez-vous").first.click()
    expect(page.get_by_role("heading", name="Mes rendez-vous")).to_be_visible()
    page.go_back()
    expect(page.locator("[name=note]")).to_have_value(NOTE)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Confirm the appointment")).to_be_visible()
    expect(page.locator("[name=note]")).to_have_value(NOTE)
    # Enter confirms: the ways out are not the form's first button.
    page.locator("[name=patient]").first.press("Enter")
    expect(page.locator(".notice.success").first).to_be_visible()
    assert Appointment.unscoped.count() == 1


def test_its_buttons_without_scripts(live_server, new_page, agenda):
    page = new_page(java_script_enabled=False)
    at_last_page(page, live_server.url, agenda)
    page.get_by_role("button", name="Ajouter une personne").click()
    page.get_by_role("link", name="Revenir sans enregistrer").click()
    expect(page.locator("[name=note]")).to_have_value(NOTE)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Confirm the appointment")).to_be_visible()
    expect(page.locator("[name=note]")).to_have_value(NOTE)
    page.get_by_role("button", name="Choose another time").click()
    page.locator("button.slot").nth(1).click()
    expect(page.locator("[name=note]")).to_have_value(NOTE)


@pytest.mark.parametrize(
    ("address", "field"),
    [("compte/second-facteur/", "code"), ("compte/effacer/", "password")],
)
def test_going_back_to_a_form_that_was_refused(live_server, new_page, agenda, address, field):
    page = new_page()
    sign_in(page, live_server.url, "zoe@exemple.fr")
    page.wait_for_url(f"{live_server.url}/rendez-vous/")
    page.goto(f"{live_server.url}/{address}")
    page.fill(f"[name={field}]", "000000")
    page.locator("main form button").last.click()
    expect(page.locator(".error").first).to_be_visible()
    # Its script has run: it puts the form's page in this one's place in the history.
    expect(page.locator("html.js")).to_be_attached()
    page.get_by_role("link", name="Mes rendez-vous").first.click()
    expect(page.get_by_role("heading", name="Mes rendez-vous")).to_be_visible()
    page.go_back()
    expect(page.locator(f"[name={field}]")).to_be_visible()
