"""A member whose session reads too much: asked for the code in the middle of work, then stopped."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from audit.models import Incident
from tests.browser.conftest import check_page
from tests.factories import make_member
from tests.partners.theft import make_visits
from tests.support.browser_sessions import signed_in
from tests.support.watched_sessions import code_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visits(now):
    with time_machine.travel(now, tick=True):
        rows = make_visits(now=now)
    with time_machine.travel(now + timedelta(days=120), tick=True):
        yield rows


def test_the_code_is_asked_for_and_then_the_account_is_stopped(live_server, new_page, visits):
    secretary = make_member(visits[0].practice, role="secretary").account
    page = signed_in(new_page(), live_server, secretary)
    addresses = [
        live_server.url + reverse("booking:visit", args=[row.practice_id, row.pk]) for row in visits
    ]
    left = iter(addresses)
    for address in left:
        page.goto(address)
        if "/code/" in page.url:
            break
    page.get_by_text("confirmez que c’est bien vous").wait_for()
    check_page(page)
    page.get_by_label("Code").fill(code_of(secretary))
    page.get_by_role("button", name="Continuer").click()
    # Where the work was interrupted, it goes on.
    page.wait_for_url(address)
    for address in left:
        page.goto(address)
        if page.get_by_role("heading", name="Votre accès à l’agenda est suspendu").count():
            break
    check_page(page)
    assert Incident.objects.get().sources.get().holder_id == secretary.pk
    page.get_by_role("link", name="Changer de mot de passe").click()
    page.get_by_role("heading", name="Mot de passe").first.wait_for()
