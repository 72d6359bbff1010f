"""A patient moves, takes it back and cancels, by the pages alone, on a telephone."""

from datetime import date, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from booking.models import Appointment
from practitioners.domain.scheduling.availability import free_slots
from tests.browser.conftest import PHONE, check_page
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.booked import booked
from tests.support.passkeys import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "bouge@exemple.fr"


@pytest.fixture
def visit():
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda)
    for n in range(1, 21):
        make_opening(
            agenda, reason, starts_on=date.today() + timedelta(days=n), number=n, every_weeks=0,
            from_time=time(9), until_time=time(11),
        )  # fmt: skip
    now = timezone.now()
    slots = free_slots(
        visit_reason=reason, since=now + timedelta(days=9), until=now + timedelta(days=12), now=now
    )
    patient = make_patient(make_account(EMAIL))
    return booked(reason, now, starts_at=slots[0].starts_at, patient=patient)


def test_move_take_back_and_cancel_on_a_phone(live_server, new_page, visit):
    page = new_page()
    page.set_viewport_size(PHONE)
    sign_in(page, live_server.url, EMAIL)
    page.wait_for_url(f"{live_server.url}/rendez-vous/")
    page.goto(f"{live_server.url}/rendez-vous/{visit.pk}/")
    page.get_by_role("link", name="Déplacer").click()
    page.get_by_role("link", name="Plus tard").click()
    check_page(page)
    page.locator("button.slot").first.click()
    check_page(page)
    page.get_by_role("button", name="Confirmer le déplacement").click()
    expect(page.get_by_role("button", name="Revenir en arrière")).to_be_visible()
    assert Appointment.unscoped.get().starts_at > visit.starts_at
    # The browser's own way back leads to what was confirmed already: it says so and leads on.
    page.go_back()
    expect(page.get_by_role("alert")).to_contain_text("l’heure actuelle")
    page.get_by_role("link", name="Garder l’horaire actuel").click()
    page.get_by_role("button", name="Revenir en arrière").click()
    expect(page.locator(".notice.success").last).to_contain_text("reste le")
    assert Appointment.unscoped.get().starts_at == visit.starts_at
    page.get_by_role("link", name="Annuler", exact=True).click()
    check_page(page)
    page.get_by_role("button", name="Annuler le rendez-vous").click()
    expect(page.get_by_role("button", name="Revenir en arrière")).to_be_visible()
    check_page(page)
    assert Appointment.unscoped.get().status == "cancelled"
