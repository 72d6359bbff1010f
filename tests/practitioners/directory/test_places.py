"""What people type into "where", and the place that it means: a table of facts on real communes."""

import csv
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from practitioners.domain.directory.places.places import (
    Found,
    look_up,
    look_up_exactly,
    suggest_places,
)
from practitioners.models import Commune

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_communes")]

# typed: what is typed. place: the label of the place taken for it. how: "exact"; "said", taken
# with a word about it; "unknown"; "everywhere" and "here", which name none. also: one of the
# other places that are offered. One test reads all of it, as a test for each line costs more.
TABLE = Path(__file__).parents[1] / "tables" / "where.csv"


def lines() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def how(found: Found) -> str:
    if found.everywhere or found.here:
        return "everywhere" if found.everywhere else "here"
    if found.place is None:
        return "unknown"
    return "exact" if found.exact and not found.unread else "said"


def test_a_place_is_what_was_written_and_nothing_is_replaced_silently():
    wrong = []
    for line in lines():
        found = look_up(line["typed"])
        seen = (found.place.label if found.place else "", how(found))
        offered = {place.label for place in (*found.others, *found.similar)}
        if seen != (line["place"], line["how"]) or (line["also"] and line["also"] not in offered):
            wrong.append((line, seen, offered))
    assert not wrong, wrong


def test_what_a_suggestion_writes_is_understood_as_that_place():
    places = {}
    for line in lines():
        if line["how"] == "exact":
            place = look_up(line["typed"]).place
            places[place.label] = place
    wrong = []
    for label, place in places.items():
        for found in (look_up(label), look_up(label, code=place.code)):
            again = found.place
            same = (
                again is not None
                and (again.label, again.departments) == (label, place.departments)
                and (again.postcodes == place.postcodes or again.commune == place.commune)
            )
            if not same or how(found) != "exact":
                wrong.append((label, found))
    assert not wrong, wrong


def test_every_commune_is_found_by_its_name_with_its_department_and_its_postcode():
    """One in 150 of them, the small ones too: nothing larger stands in for the name itself."""
    wrong = []
    for commune in list(Commune.objects.order_by("code").exclude(postcodes=[]))[::150]:
        for text in (
            f"{commune.name} {commune.department}",
            f"{commune.postcodes[0]} {commune.name}",
        ):
            found = look_up(text)
            names = (
                {found.place.commune.search_name} if found.place and found.place.commune else set()
            )
            if names != {commune.search_name} or found.unread or not found.exact:
                wrong.append((text, found))
        alone = look_up(commune.name)
        listed = [place.commune.code for place in (alone.place, *alone.others) if place.commune]
        if commune.code not in listed and len(listed) < 9:
            wrong.append((commune.name, alone))
    assert not wrong, wrong


def test_a_place_beside_something_is_named_in_full_or_large():
    assert look_up_exactly("Bruz").label == "Bruz (35170)"
    assert look_up_exactly("Boulogne") is None
    assert look_up_exactly("Boulogne", begun=True).label == "Boulogne-Billancourt (92100)"
    assert look_up_exactly("Villers", begun=True) is None
    assert look_up_exactly("Renes", begun=True) is None


def test_an_area_has_its_own_name_in_either_language():
    labels = {}
    for language in ("fr", "en"):
        with translation.override(language):
            labels[language] = [look_up(typed).place.label for typed in ("Brittany", "IDF", "PACA")]
    assert labels["fr"][:2] == ["Bretagne (région)", "Île-de-France (région)"]
    assert labels["en"][:2] == ["Brittany (region)", "Île-de-France (region)"]
    with translation.override("en"):
        again = [look_up(label) for label in labels["en"]]
    assert [(found.place.label, found.exact) for found in again] == [
        (label, True) for label in labels["en"]
    ]


def test_nothing_is_suggested_for_what_names_no_place():
    for typed in ("autour de moi", "near me", "France", "partout"):
        assert suggest_places(typed) == []
    assert "Lyon 3e (69003)" not in [place.label for place in suggest_places("par")]


def test_around_me_asks_where_and_france_is_no_place():
    url = reverse("practitioners:search")
    for where in ("autour de moi", "near me"):
        text = Client().get(url, {"quoi": "dentiste", "ou": where}).content.decode()
        assert "Où êtes-vous\u00a0?" in text
        assert "Nous ne connaissons pas" not in text
    beside = Client().get(url, {"quoi": "dentiste près de moi"})
    assert "Pour chercher autour de vous" in beside.content.decode()
    assert beside.context["meant"].unread == ""
    for where in ("France", "partout"):
        page = Client().get(url, {"quoi": "dentiste", "ou": where})
        assert (page.context["place"], page.context["unknown_place"]) == (None, False)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("Zzzzville", ""), ("Vilé", "Villé (67220)"), ("Barcelone", "Barcelonne (26120)"),
     ("Bisz", ""), ("Rivoly", ""), ("35999", "Rennes (35000)")],
)  # fmt: skip
def test_the_nearest_names_of_an_unknown_place_are_offered(typed, offered):
    labels = [place.label for place in look_up(typed).similar]
    assert not offered or offered in labels


@pytest.mark.parametrize(
    ("typed", "first", "also"),
    [
        ("aix", "Aix-en-Provence (13080)", "Aix (19200)"),
        ("tou", "Toulouse (31000)", "Tours (37000)"),
        ("Paris 1", "Paris 1er (75001)", "Paris 12e (75012)"),
        ("paris 12", "Paris 12e (75012)", ""),
        ("92", "Hauts-de-Seine (92)", ""),
        ("bretagne", "Bretagne (région)", ""),
        ("breta", "Bretagne (région)", ""),
        ("vienne", "Vienne (86)", "Vienne (38200)"),
        ("saint denis", "Saint-Denis (97400)", "Saint-Denis (93200)"),
        ("st etie", "Saint-Étienne (42000)", ""),
        ("3700", "Tours (37000)", ""),
        ("mars", "Marseille (13)", "Mars (42750)"),
        ("ly", "Lyon (69)", ""),
        ("par", "Paris (75)", ""),
        ("st de", "Saint-Denis (97400)", "Saint-Denis (93200)"),
        ("seine s", "Seine-Saint-Denis (93)", ""),
        ("montmart", "Paris 18e (75018)", ""),
        ("ile de", "Île-de-France (région)", ""),
    ],
)
def test_suggestions_follow_the_same_rules(typed, first, also):
    labels = [place.label for place in suggest_places(typed)]
    assert not first or labels[0] == first
    assert not also or also in labels
    assert len(labels) == len(set(labels)) <= 8
