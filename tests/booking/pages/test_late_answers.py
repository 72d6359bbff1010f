"""An answer that arrives late takes no session away: signing in is often not all that happens."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from booking.middleware import SessionMiddleware
from booking.session_store import digest_of
from tests.factories import PASSWORD, make_account

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


@pytest.fixture
def browser():
    """A browser that holds a session, as a visitor who has chosen a slot does."""
    client = Client()
    session = client.session
    session["hold_key"] = "0" * 32
    session.save()
    client.cookies[COOKIE] = session.session_key
    return client


def another_tab(client):
    """A tab of the same browser whose request left before what comes next was answered."""
    tab = Client()
    tab.cookies[COOKIE] = client.cookies[COOKIE].value
    return tab


def sign_in(client, email="tard@exemple.fr"):
    make_account(email)
    answer = client.post(reverse("booking:sign-in"), {"email": email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.cookies[COOKIE].value


@pytest.mark.parametrize("path", ["/", "/hors-ligne/", "/sw.js", "/connexion/", "/rendez-vous/"])
def test_a_request_that_left_before_signing_in_signs_nobody_out(browser, path):
    late = another_tab(browser)
    sign_in(browser)
    answer = late.get(path)
    assert answer.status_code < 400
    assert COOKIE not in answer.cookies


def test_a_session_that_a_request_ends_takes_its_cookie_along(browser):
    sign_in(browser)
    answer = browser.post(reverse("booking:sign-out"))
    assert answer.cookies[COOKIE].value == ""
    assert browser.get(reverse("booking:my-appointments")).status_code == 302


def test_a_session_that_ends_meanwhile_is_neither_refused_nor_brought_back(browser):
    key = browser.cookies[COOKIE].value

    def view(request):
        assert request.session["hold_key"]
        Session.objects.filter(session_key=digest_of(key)).delete()
        request.session["hold_key"] = "1" * 32
        return HttpResponse("what was asked")

    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = key
    answer = SessionMiddleware(view)(request)
    assert answer.content == b"what was asked"
    assert COOKIE not in answer.cookies
    assert not Session.objects.filter(session_key=digest_of(key)).exists()
