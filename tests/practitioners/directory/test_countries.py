"""Other countries: said to be outside the directory, by their name in the page's language."""

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.domain.directory.countries import abroad, name_of
from practitioners.domain.directory.places.places import look_up
from practitioners.domain.directory.text import search_text
from practitioners.models import Commune

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Suisse", "CH"), ("Switzerland", "CH"), ("la Suisse", "CH"), ("Allemagne", "DE"),
        ("GERMANY", "DE"), ("l'Italie", "IT"), ("Royaume-Uni", "GB"), ("Angleterre", "GB"),
        ("États-Unis", "US"), ("USA", "US"), ("Belgique", "BE"), ("Spain", "ES"),
    ],
)  # fmt: skip
def test_a_country_is_known_by_its_name_in_both_languages(text, code):
    assert abroad(search_text(text)) == code
    found = look_up(text)
    assert (found.country, found.place) == (code, None)


@pytest.mark.parametrize(
    "text",
    ["France", "Guadeloupe", "La Réunion", "Mayotte", "Martinique", "Tours", "Suisse normande",
     "Allemagne-en-Provence", "", "Genève"],
)  # fmt: skip
def test_what_is_french_or_no_country_is_none(text):
    assert abroad(search_text(text)) == ""
    assert look_up(text).country == ""


@pytest.mark.parametrize(
    ("language", "typed", "name"),
    [
        ("en", "Suisse", "Switzerland"), ("fr", "Switzerland", "Suisse"),
        ("fr", "Germany", "Allemagne"), ("en", "Allemagne", "Germany"),
    ],
)  # fmt: skip
def test_a_page_names_it_in_its_own_language(language, typed, name):
    client = Client()
    client.cookies["django_language"] = language
    page = client.get(reverse("practitioners:search"), {"quoi": "dentiste", "ou": typed})
    text = page.content.decode().replace("\u00a0", " ")
    covers = {"fr": f"{name} : l’annuaire ne couvre que la France"}
    assert covers.get(language, f"{name}: the directory covers France only") in text


def test_a_village_of_its_name_is_found_and_the_country_named():
    Commune.objects.create(
        code="57662", name="Suisse", search_name="suisse", department="57", region="44",
        postcodes=["57340"], population=97, latitude=49.0, longitude=6.5,
    )  # fmt: skip
    found = look_up("Suisse")
    assert found.place is not None and found.place.label == "Suisse (57340)"
    page = Client(headers={"Accept-Language": "en"}).get(
        reverse("practitioners:search"), {"quoi": "dentiste", "ou": "Suisse"}
    )
    text = page.content.decode()
    assert "Switzerland: the directory covers France only" in text
    assert "results around Suisse (57340)" in text
    assert look_up("Suisse (57340)").place is not None
    assert look_up("Suisse", code="57662").place is not None
    assert look_up("Suisse 57").place is not None


def test_every_country_has_a_name_in_both_languages():
    assert name_of("CH", language="fr") == "Suisse"
    assert name_of("CH", language="en") == "Switzerland"
    assert name_of("XX", language="fr") == "XX"


def test_a_language_in_any_letters_names_it():
    """A cookie that says "fR" was an error 500; found by `make fuzz`."""
    assert name_of("CH", language="fR") == name_of("CH", language="fr") == "Suisse"
