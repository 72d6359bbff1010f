"""The widget: framed anywhere, without a cookie, in the language asked for."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.models import Agenda
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    verified_client,
)
from tests.support.forms_on_page import form_with, send

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
    make_opening(other, make_reason(other, name="Détartrage"))
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


# Where only patients who have been there book


QUESTION = "Êtes-vous déjà suivi par ce praticien ?"
FULL = "Ce praticien ne prend pas de nouveaux patients"


def words(answer):
    return answer.content.decode().replace("\u00a0", " ")


def links(answer):
    return [unescape(each) for each in re.findall(r'href="([^"]*)"', answer.content.decode())]


@pytest.fixture
def full(agenda):
    """Takes no new patients; has a reason for them all the same, and one for those it knows."""
    make_opening(agenda, make_reason(agenda, name="Première fois", patient_kind="new"))
    make_opening(agenda, make_reason(agenda, name="Suivi", patient_kind="known"))
    Agenda.objects.update(accepts_new_patients=False)
    return agenda


def test_it_says_once_that_no_new_patients_are_taken_and_leads_on(full, at_now):
    for answer in (Client().get(url(full)), Client().get(url(full), {"suivi": "non"})):
        page = words(answer)
        assert page.count("nouveaux patients") == 1
        assert page.count(QUESTION) == 1
        assert "Dites d’abord" not in page
        # What somebody new cannot book is not listed either.
        assert "Première fois" not in page
        assert 'name="motif"' not in page
        search = [
            each for each in links(answer) if each.startswith(reverse("practitioners:search"))
        ]
        assert search == ["/recherche/?lang=fr&quoi=M%C3%A9decine%20g%C3%A9n%C3%A9rale&suivi=non"]
        (known,) = [each for each in links(answer) if "suivi=oui" in each]
        shown = Client().get(f"{url(full)}{known}")
        assert FULL not in words(shown)
        assert QUESTION not in words(shown)
        assert "Première fois" not in words(shown)
        assert "Suivi" in words(shown)
        assert re.search(r'name="suivi" value="oui"', shown.content.decode())
        # And its slots lead on with the answer.
        slots = [each for each in links(shown) if "debut=" in each]
        assert slots
        assert all("suivi=oui" in each for each in slots)


def test_one_whose_every_reason_is_for_known_patients_is_as_clear(agenda, at_now):
    agenda.visit_reasons.update(patient_kind="known")
    page = words(Client().get(url(agenda)))
    assert "Seuls les patients déjà suivis par ce praticien réservent en ligne." in page
    assert page.count(QUESTION) == 1
    assert "Dites d’abord" not in page


def test_one_whom_nobody_can_book_leads_elsewhere(full, at_now):
    full.visit_reasons.update(patient_kind="new")
    answer = Client().get(url(full))
    assert words(answer).count(FULL) == 1
    assert QUESTION not in words(answer)
    assert any(each.startswith(reverse("practitioners:search")) for each in links(answer))


def test_one_without_a_reason_leads_elsewhere(agenda, at_now):
    agenda.openings.all().delete()
    answer = Client().get(url(agenda))
    assert "ne propose pas la réservation en ligne" in words(answer)
    assert any(each.startswith(reverse("practitioners:search")) for each in links(answer))


def test_one_that_takes_everybody_asks_as_before(agenda, at_now):
    page = words(Client().get(url(agenda)))
    assert "nouveaux patients" not in page
    assert 'name="motif"' in page


# Its language in the tab that it opens


@pytest.mark.parametrize(
    ("language", "browser", "chosen", "word"),
    [
        ("fr", "en", None, "Prendre rendez-vous"),
        ("en", "fr", None, "Book an appointment"),
        # The reader's own choice of before: they have just read the frame, and clicked in it.
        ("fr", "fr", "en", "Prendre rendez-vous"),
        ("en", "en", "fr", "Book an appointment"),
    ],
)
def test_the_tab_that_it_opens_speaks_its_language(language, browser, chosen, word, agenda, at_now):
    client = Client(headers={"Accept-Language": browser})
    if chosen:
        client.cookies["django_language"] = chosen
    slot = next(
        each for each in links(client.get(url(agenda), {"lang": language})) if "debut=" in each
    )
    first = client.get(slot)
    # The choice leaves the address, so that the footer can choose another.
    assert first.status_code == 302
    assert "lang=" not in first["Location"]
    assert "debut=" in first["Location"]
    page = client.get(first["Location"])
    assert word in words(page)
    form = form_with(page, "debut")
    held = send(client, form, first["Location"])
    assert f'<html lang="{language}"' in words(client.get(held["Location"]))
    assert f'<html lang="{language}"' in words(client.get(reverse("booking:sign-up")))


def test_an_account_of_another_language_reads_the_frames(agenda, at_now):
    account = make_account(language="en")
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    slot = next(each for each in links(client.get(url(agenda), {"lang": "fr"})) if "debut=" in each)
    assert '<html lang="fr"' in words(client.get(slot, follow=True))


@pytest.mark.parametrize("given", ["xx", "", "fr\r\nSet-Cookie: a=b", "é", "fr-FR"])
def test_a_language_that_there_is_not_changes_nothing(given, agenda):
    address = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    answer = Client().get(address, {"lang": given, "suivi": "oui"})
    assert answer["Location"] == f"{address}?suivi=oui"
    assert not answer.cookies


@pytest.mark.parametrize("name", ["practitioners:home", "practitioners:search"])
def test_the_directory_is_entered_in_a_language(name):
    client = Client()
    answer = client.get(reverse(name), {"lang": "en"}, follow=True)
    assert '<html lang="en"' in words(answer)
    # The footer's button has the last word.
    client.post(reverse("set_language"), {"language": "fr", "next": answer.request["PATH_INFO"]})
    assert '<html lang="fr"' in words(client.get(reverse(name)))
