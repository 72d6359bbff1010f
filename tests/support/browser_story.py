"""A dermatologist whom one finds in Tours, and the practice's secretary."""

import pytest
from django_otp.oath import totp
from playwright.sync_api import expect

from booking.models import CodeApp
from practitioners.models import Commune, Specialty
from tests.browser.conftest import check_page
from tests.factories import PASSWORD, make_account, make_agenda, make_practice, make_reason
from tests.support.browser_booking import open_for_a_week


@pytest.fixture
def agenda():
    """A dermatologist in Tours who sees patients every morning from tomorrow on."""
    tours = Commune.objects.create(
        code="37261", name="Tours", search_name="tours", department="37", region="24",
        postcodes=["37000"], population=139259, latitude=47.3948, longitude=0.7040,
    )  # fmt: skip
    dermatology = Specialty.objects.create(
        code="SM15",
        name="Dermatologie et vénéréologie",
        search_name="dermatologie et venereologie dermatologue dermatology",
    )
    practice = make_practice(commune=tours, latitude=47.39, longitude=0.70)
    agenda = make_agenda(practice=practice, open_on_holidays=True)
    agenda.practitioner.specialties.set([dermatology])
    reason = make_reason(agenda, name="Consultation de dermatologie", cancel_deadline_hours=0)
    open_for_a_week(agenda, reason)
    return agenda


def sign_in_to_practice(page, live_server, agenda) -> None:
    """A secretary's own way: password, set up the second factor, agenda."""
    from practitioners.models import Membership

    account = make_account("secretaire@exemple.fr")
    Membership.objects.create(account=account, practice=agenda.practice, role="owner")
    page.goto(f"{live_server.url}/connexion/")
    page.fill("[name=email]", "secretaire@exemple.fr")
    page.fill("[name=password]", PASSWORD)
    page.locator("main").get_by_role("button", name="Se connecter").click()
    page.get_by_role("link", name="Mon cabinet").click()
    check_page(page)
    device = CodeApp.objects.get(user=account)
    page.fill("[name=code]", f"{totp(device.seed):06d}")
    page.get_by_role("button", name="Activer").click()
    check_page(page)
    page.get_by_role("link", name="Continuer").click()
    expect(page.locator(".agenda-frame")).to_be_visible()
