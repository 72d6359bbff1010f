"""Programs' requests pass by what is for browsers, and lose nothing that protects."""

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from partners.middleware import HEADERS, PREFIXES
from tests.factories import make_account, make_credential, make_grant
from tests.partners.software import KEY, Software

pytestmark = pytest.mark.django_db


@pytest.fixture
def software(agenda):
    credential = make_credential("AgendaPlus", key=KEY)
    make_grant(credential, agenda)
    return Software(credential)


def test_both_faces_go_the_short_way():
    assert (reverse("api:unknown"), reverse("fhir:unknown")) == PREFIXES


@pytest.mark.parametrize("path", ["/api/v1/agendas", "/api/v1/nowhere", "/fhir/r4/metadata"])
def test_answers_are_no_pages(path):
    answer = Client().get(path, headers={"Accept-Language": "fr"})
    assert HEADERS.items() <= answer.headers.items()
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert int(answer["Content-Length"]) == len(answer.content)
    assert not answer.cookies
    assert "Vary" not in answer or "Cookie" not in answer["Vary"]


def test_somebody_who_is_signed_in_is_nobody_here(django_assert_num_queries):
    browser = Client()
    browser.force_login(make_account(), backend="booking.backends.EmailBackend")
    with django_assert_num_queries(0):
        assert browser.get("/api/v1/agendas").status_code == 401


def test_an_unknown_host_is_refused():
    assert Client().get("/api/v1/agendas", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_language_stays_behind(software):
    """A thread that served a program serves a page next, in the page's language."""
    assert software.get("agendas").headers["Content-Language"] == "en"
    page = Client().get("/", headers={"Accept-Language": "fr"})
    assert page["Content-Language"] == "fr"


def test_a_defect_of_ours_is_a_500_and_is_logged(software, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise RuntimeError("a defect")

    monkeypatch.setattr("partners.api.views.agendas.granted_agendas", broken)
    monkeypatch.setattr(
        "tests.partners.software.Client", partial(Client, False, raise_request_exception=False)
    )
    assert software.get("agendas").status_code == 500
    assert "/api/v1/agendas" in caplog.text
