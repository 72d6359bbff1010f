"""The widget in the page of a practice's own site, which has a strict policy of its own."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import check_page
from tests.clock import today
from tests.factories import make_agenda, make_opening, make_reason

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own_site():
    """Serves one page of somebody else's; set `page` and `policy`."""

    class Handler(BaseHTTPRequestHandler):
        page, policy = "", ""

        def do_GET(self):
            body = self.page.encode() if self.path == "/" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", self.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            """Nothing."""

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.url = f"http://localhost:{server.server_port}"
    yield Handler
    server.shutdown()
    server.server_close()


def test_slots_stand_in_the_practices_own_page(live_server, new_page, own_site):
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda)
    for n in range(1, 8):
        make_opening(agenda, reason, starts_on=today() + timedelta(days=n), number=n)
    second = make_agenda(practice=agenda.practice)
    make_opening(second, make_reason(second, name="Détartrage"), starts_on=today())
    own_site.policy = (
        f"default-src 'none'; script-src {live_server.url}; frame-src {live_server.url}"
    )
    own_site.page = (
        "<!doctype html><html lang='fr'><title>Cabinet</title><body><main><h1>Notre cabinet</h1>"
        f"<script src='{live_server.url}/widget.js' data-practice='{agenda.practice_id}'></script>"
        "</main>"
    )
    page = new_page()
    page.goto(own_site.url)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Prendre rendez-vous")).to_be_visible()
    # As high as what it holds, without a scroll bar of its own.
    expect(page.locator("iframe")).not_to_have_attribute("height", "560")
    expect(frame.locator("html.js")).to_be_attached()
    frame.get_by_label("Praticien").select_option(str(second.practitioner))
    expect(frame.get_by_text("Détartrage")).to_be_attached()
    # The choice is sent by itself only once the page's script has run.
    expect(frame.locator("html.js")).to_be_attached()
    frame.get_by_label("Praticien").select_option(str(agenda.practitioner))
    slot = frame.get_by_role("link", name="09:00").first
    expect(slot).to_be_visible()
    assert page.context.cookies() == []
    with page.context.expect_page() as opened:
        slot.click()
    chosen = opened.value.locator("#choisi")
    expect(chosen).to_contain_text("09:00")
    chosen.get_by_role("button", name="Continuer avec ce créneau").click()
    expect(opened.value.get_by_role("heading", name="Votre rendez-vous")).to_be_visible()
    page.goto(f"{live_server.url}/widget/{agenda.practice_id}/")
    check_page(page)
