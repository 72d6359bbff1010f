"""The widget: framed anywhere, without a cookie, in the language asked for."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.models import Agenda
from tests.factories import make_agenda, make_member, make_opening, make_reason, verified_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def agenda():
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    return agenda


def url(agenda):
    return reverse("practitioners:widget", args=[agenda.practice_id])


def test_it_may_stand_in_any_page_and_sets_no_cookie(agenda, now, time_machine):
    time_machine.move_to(now)
    answer = Client().get(url(agenda), {"semaine": "2026-11-30"})
    assert answer.status_code == 200
    assert not answer.cookies
    assert "X-Frame-Options" not in answer
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "script-src 'self'" in policy
    page = answer.content.decode()
    assert str(agenda.practitioner) in page
    assert f"/praticien/{agenda.practitioner_id}/?cabinet={agenda.practice_id}" in page
    assert "csrf" not in page
    # Every other page stays out of frames.
    other = Client().get(reverse("practitioners:practitioner", args=[agenda.practitioner_id]))
    assert other["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "sans cookie"), ("en", "without a cookie"), ("xx", "sans cookie")],
)
def test_it_speaks_the_sites_language(language, words, agenda):
    assert words in Client().get(url(agenda), {"lang": language}).content.decode()


def test_one_practitioner_at_a_time_is_chosen(agenda):
    other = make_agenda(practice=agenda.practice)
    make_reason(other, name="Détartrage")
    page = Client().get(url(agenda), {"agenda": str(other.pk)}).content.decode()
    assert "Détartrage" in page
    assert len(re.findall(r"<option value=\"[0-9a-f-]{36}\"", page)) == 3
    stranger = make_agenda()
    assert (
        str(stranger.practitioner)
        not in Client().get(url(agenda), {"agenda": str(stranger.pk)}).content.decode()
    )


def test_a_practice_that_cannot_be_booked_has_none(agenda):
    Agenda.objects.update(active=False)
    assert Client().get(url(agenda)).status_code == 404


def test_the_scripts_address_never_changes():
    answer = Client().get("/widget.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "max-age=3600" in answer["Cache-Control"]
    assert b"data-practice" in answer.content


def test_an_owner_finds_the_line_to_copy(agenda, settings):
    member = make_member(agenda.practice, role="owner")
    page = (
        verified_client(member.account)
        .get(reverse("booking:practice-settings", args=[agenda.practice_id]))
        .content.decode()
    )
    assert f"{settings.BASE_URL}/widget.js" in page
    assert f"data-practice=&quot;{agenda.practice_id}&quot;" in page
