"""A short walk in the real browser: with scripts, styles, keyboards' widths and the back button."""

from random import Random

import pytest
from django.urls import reverse
from playwright.sync_api import Error, Page

from practitioners.domain.scheduling import next_slots
from tests.browser.conftest import PHONE
from tests.clock import NOW
from tests.support.browser_sessions import signed_in
from tests.support.passkeys import make_passkey, with_authenticator
from tests.walks.filling import Mood, fill
from tests.walks.pages import read_page
from tests.walks.world import build

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = 14
# Leaving, or another language, is no way to see much in few steps.
NOT_CHOSEN = (
    "/langue/",
    "/deconnexion/",
    "/admin/",
    "/registre/checkpoint",
    ".csv",
    ".json",
    ".ics",
)
# What only a script sends.
PASSKEYS = "[data-passkey] button:visible, [data-new-passkey] button:visible"

SET = """
    ([name, values, index]) => {
        const form = [...document.forms][index];
        for (const control of form.elements) {
            if (control.name !== name || control.type === "hidden" || control.type === "file") continue;
            if (["radio", "checkbox"].includes(control.type)) control.checked = values.includes(control.value);
            else control.value = values[0];
        }
    }
"""


@pytest.mark.parametrize("name", ["Zoé", "Noé", "Secrétaire"])
def test_a_walk_in_the_browser(live_server, new_page, settings, name):
    world = build(now=NOW)
    next_slots.refresh(agenda_ids=[each.pk for each in world.agendas], now=NOW)
    person, chance = world.person(name), Random(name)
    page = new_page()
    if name == "Noé":
        page.set_viewport_size(PHONE)
    elif name == "Zoé":
        settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = [live_server.url]
        leave_with_a_passkey(with_authenticator(page), live_server.url, person.email)
    else:
        signed_in(page, live_server, person.own_account())
    answers: list[tuple[int, str]] = []
    page.on("response", lambda answer: answers.append((answer.status, answer.url)))
    at_work = [f"/cabinet/{each.pk}/" for each in person.practices]
    begins = at_work or [reverse("booking:sign-in") if name == "Zoé" else "/"]
    page.goto(live_server.url + begins[0])
    for _step in range(STEPS):
        try:
            take_a_step(page, person, chance)
        except Error as gone:
            # The page was leaving when it was looked at: a person looks at the next one.
            assert "Execution context was destroyed" in str(gone), gone
        page.locator("main").wait_for()
        assert [each for each in answers if each[0] >= 500] == []
        assert page.locator("main a[href], main form").count() > 0, page.url
    if name == "Zoé":
        assert [each for each in answers if each[1].endswith(reverse("booking:complete-passkey"))]


def leave_with_a_passkey(page: Page, here: str, email: str) -> None:
    """Make a passkey and sign out: its button on the page of signing in is one more way to go."""
    make_passkey(page, here, email)
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url(f"{here}/")


def take_a_step(page: Page, person, chance: Random) -> None:
    """Go back, follow a link, or fill in a form and press its button."""
    page.wait_for_load_state("load")
    if chance.random() < 0.15:
        page.go_back()
        return
    address = (
        page.url.partition(
            "/",
        )[2]
        .partition("/")[2]
        .partition("/")[2]
    )
    shown = read_page(
        address=f"/{address}", status=200, text=page.content(), content_type="text/html",
        redirects=0,
    )  # fmt: skip
    passkeys = page.locator(PASSKEYS)
    if hasattr(page, "device") and passkeys.count() and chance.random() < 0.7:
        passkeys.first.click()
        page.wait_for_timeout(300)
        return
    forms = [
        (n, form) for n, form in enumerate(shown.forms)
        if form.is_in_main and not form.action.startswith(NOT_CHOSEN)
    ]  # fmt: skip
    if forms and chance.random() < 0.5:
        send(page, person, *chance.choice(forms), chance)
        return
    links = page.locator("a[href^='/']:visible")
    targets = [
        n for n, href in enumerate(links.evaluate_all("all => all.map(a => a.getAttribute('href'))"))
        if not any(part in href for part in NOT_CHOSEN)
    ]  # fmt: skip
    links.nth(chance.choice(targets)).click()


def send(page: Page, person, number: int, form, chance: Random) -> None:
    given = fill(form, mood=chance.choice([Mood.FITTING, Mood.FITTING, Mood.EMPTY]),
                 typed=person.typed(), chance=chance)  # fmt: skip
    for field in form.fields:
        if isinstance(value := given.get(field.name), str | list):
            page.evaluate(SET, [field.name, [value] if isinstance(value, str) else value, number])
    buttons = page.locator("form").nth(number).locator("button:visible:not([type=button])")
    if count := buttons.count():
        try:
            buttons.nth(chance.randrange(count)).click(timeout=3000)
        except Error:
            # Something lies over it, or the page has changed meanwhile: a person looks again.
            page.reload()
