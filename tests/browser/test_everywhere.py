"""What holds on every page: light, from nowhere else, calm, and readable to a screen reader."""

import gzip
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.clock import today
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agenda():
    agenda = make_agenda(open_on_holidays=True)
    make_opening(agenda, make_reason(agenda), starts_on=today() - timedelta(days=6))
    return agenda


def book(page, live_server, agenda):
    """From the practitioner's page to the confirmed appointment."""
    page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    page.locator("button.slot, a.slot").first.click()
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_text("Votre rendez-vous est confirmé.")).to_be_visible()


def test_the_booking_path_is_light_and_asks_nobody_else(live_server, new_page, agenda):
    """Under 100 kB over all of it, as a browser gets it: files once and compressed, pages as sent."""
    account = make_account()
    make_patient(account)
    page = signed_in(new_page(), live_server, account)
    weights, elsewhere = {}, []

    def weigh(answer):
        if urlsplit(answer.url).netloc != urlsplit(live_server.url).netloc:
            elsewhere.append(answer.url)
        elif answer.status < 300:
            body = answer.body()
            is_file = "/static/" in answer.url
            weights[answer.url] = len(gzip.compress(body)) if is_file else len(body)

    page.on("response", weigh)
    page.goto(live_server.url)
    book(page, live_server, agenda)
    assert elsewhere == []
    assert len(weights) > 5
    assert sum(weights.values()) < 100_000, sorted(weights.items(), key=lambda each: -each[1])[:8]


def test_nothing_moves_for_who_wants_no_movement(live_server, new_page, agenda):
    page = new_page(reduced_motion="reduce")
    for path in ("/", f"/praticien/{agenda.practitioner_id}/", "/connexion/"):
        page.goto(f"{live_server.url}{path}")
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter((e) => {
                const style = getComputedStyle(e);
                const moves = (v) => v.split(",").some((each) => parseFloat(each) > 0);
                return moves(style.transitionDuration) || moves(style.animationDuration);
            }).map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert moving == []


def test_what_a_screen_reader_says_on_the_way_to_an_appointment(live_server, new_page, agenda):
    """The walk of docs/accessibility.md, by the accessibility tree."""
    account = make_account()
    make_patient(account)
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    assert page.title() == f"{agenda.practitioner} · Doctolib"
    # The first stop leads past the header.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for role in ("banner", "navigation", "contentinfo"):
        expect(page.get_by_role(role).first).to_be_visible()
    # A slot says its day with its hour, read out of its column.
    slot = page.locator("button.slot, a.slot").first
    assert len((slot.get_attribute("aria-label") or slot.inner_text()).strip()) > 4
    slot.click()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for field in page.locator("main input:not([type=hidden]), main select, main textarea").all():
        assert field.evaluate("(e) => e.labels.length || e.getAttribute('aria-label')"), field
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_role("status").filter(has_text="confirmé")).to_be_visible()


def test_who_is_elsewhere_is_told_whose_clock_it_is(live_server, new_page, agenda):
    for zone, is_told in (
        ("Europe/Paris", False),
        ("Europe/Berlin", False),
        ("America/New_York", True),
    ):
        page = new_page(timezone_id=zone)
        page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
        note = page.get_by_text("ce n’est pas la vôtre en ce moment").first
        expect(note).to_be_visible() if is_told else expect(note).to_be_hidden()
