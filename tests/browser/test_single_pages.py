"""Sessions, favourites, and a practice's figures: pages that no longer story leads through."""

from datetime import date, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from booking.domain.sign_ins import begin
from practitioners.domain.wall_clock import instant
from tests.booking.test_book import booked
from tests.browser.conftest import check_page
from tests.browser.test_vendor_pages import signed_in
from tests.factories import make_account, make_agenda, make_member, make_opening, make_reason

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


def test_sessions_and_favourites(live_server, new_page):
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    account = make_account()
    page = signed_in(new_page(), live_server, account)
    key = next(c["value"] for c in page.context.cookies() if c["name"] == "sessionid")
    begin(
        account=account, session_key=key, user_agent="Firefox Linux", address="203.0.113.9",
        now=timezone.now(),
    )  # fmt: skip
    page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    page.get_by_role("button", name="Ajouter à mes praticiens").click()
    kept = page.get_by_role("button", name="Dans mes praticiens")
    expect(kept).to_have_attribute("aria-pressed", "true")
    check_page(page)
    page.goto(live_server.url)
    expect(page.get_by_role("heading", name="Mes praticiens")).to_be_visible()
    check_page(page)
    page.goto(f"{live_server.url}/compte/")
    check_page(page)
    page.get_by_role("link", name="Voir mes sessions").click()
    expect(page.get_by_text("celui-ci")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Fermer toutes les autres").click()
    expect(page.get_by_text("Toutes les autres sessions sont fermées.")).to_be_visible()
    expect(page.get_by_text("celui-ci")).to_be_visible()


def test_the_practices_figures(live_server, new_page):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, starts_on=date.today() - timedelta(days=70))
    for weeks in range(1, 9):
        for hour in range(weeks % 3 + 1):
            day = date.today() - timedelta(days=70) + timedelta(weeks=weeks)
            at = instant(day, time(9 + hour), agenda.practice.zone)
            booked(reason, at - timedelta(days=5), starts_at=at)
    member = make_member(agenda.practice, role="owner")
    page = signed_in(new_page(), live_server, member.account)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/statistiques/")
    expect(page.get_by_role("heading", name="Remplissage par semaine")).to_be_visible()
    check_page(page)
