"""What search engines see: facts of the directory, and nothing that is anybody's own."""

import json
import re
from urllib.parse import urlsplit

import lxml.html
import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from practitioners.models import Agenda, Commune, Practice
from tests.factories import make_agenda, make_opening, make_practice, make_reason

pytestmark = pytest.mark.django_db


@pytest.fixture
def agenda():
    practice = make_practice(
        name="Cabinet </script><b>", phone="02 47 00 00 00", latitude=47.39, longitude=0.69
    )
    agenda = make_agenda(practice=practice)
    make_opening(agenda, make_reason(agenda))
    return agenda


def url_of(agenda):
    return reverse("practitioners:practitioner", args=[agenda.practitioner_id])


def described(page):
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_a_practitioner_is_described(agenda):
    page = Client().get(url_of(agenda)).content.decode()
    found = described(page)
    assert found["@type"] == "Person"
    assert found["name"] == str(agenda.practitioner)
    (clinic,) = found["worksFor"]
    # What a practice calls itself ends no element.
    assert clinic["name"] == "Cabinet </script><b>"
    assert clinic["address"]["addressLocality"] == "Tours"
    assert clinic["geo"]["latitude"] == 47.39
    assert found["potentialAction"]["target"] == f"http://testserver{url_of(agenda)}"
    assert f'<link rel="canonical" href="http://testserver{url_of(agenda)}">' in page
    assert f"avec {agenda.practitioner} à Tours" in page


def test_whoever_cannot_be_booked_is_not_said_to_be(agenda):
    Agenda.objects.update(active=False)
    assert "potentialAction" not in described(Client().get(url_of(agenda)).content.decode())


def test_the_sitemap_lists_who_is_in_the_directory(agenda):
    hidden, closed = make_agenda(listed=False), make_agenda(active=False)
    index = Client().get("/sitemap.xml").content.decode()
    pages = [urlsplit(found).path for found in re.findall(r"<loc>(.*?)</loc>", index)]
    listed = "".join(Client().get(page).content.decode() for page in pages)
    assert url_of(agenda) in listed
    assert f"<loc>http://testserver{reverse('practitioners:home')}</loc>" in listed
    assert url_of(hidden) not in listed
    assert url_of(closed) not in listed


def test_the_sitemap_asks_no_more_for_many(agenda, django_assert_max_num_queries):
    for _n in range(12):
        make_agenda()
    with django_assert_max_num_queries(3):
        assert Client().get("/sitemap-practitioners.xml").status_code == 200


def test_robots_are_kept_out_of_what_is_somebodys_own():
    answer = Client().get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    assert "Sitemap: http://testserver/sitemap.xml" in text
    closed = re.findall(r"Disallow: (\S+)", text)
    public = (
        "praticien/",
        "registre/",
        "langue/",
        "robots.txt",
        "widget.js",
        "sitemap",
        "developpeurs/",
        "developpement/",
    )
    for pattern in (each for part in get_resolver().url_patterns for each in paths(part)):
        if pattern and not pattern.startswith(public):
            assert any(f"/{pattern}".startswith(path) for path in closed), pattern
    assert all(path.startswith("/") and path != "/" for path in closed)


def paths(part, prefix=""):
    here = prefix + str(part.pattern)
    if hasattr(part, "url_patterns"):
        for inner in part.url_patterns:
            yield from paths(inner, here)
    else:
        yield here


def test_results_are_not_indexed():
    page = Client().get(reverse("practitioners:search"), {"quoi": "dermato"}).content.decode()
    assert '<meta name="robots" content="noindex">' in page


@pytest.mark.parametrize("why", ["closed", "nothing offered", "nothing free", "no place"])
def test_a_practitioner_without_a_time_is_no_dead_end(agenda, why):
    """Others of the same profession, nearby, and the link finds them."""
    tours = Commune.objects.create(
        code="37261", name="Tours", search_name="tours", department="37", region="24",
        postcodes=["37000"], population=139259, latitude=47.3948, longitude=0.7040,
    )  # fmt: skip
    other = make_agenda(practice=make_practice(commune=tours, latitude=47.4, longitude=0.7))
    Practice.objects.filter(pk=agenda.practice_id).update(commune=tours)
    if why == "closed":
        Agenda.objects.filter(pk=agenda.pk).update(active=False)
    elif why == "nothing offered":
        agenda.visit_reasons.update(active=False)
    elif why == "nothing free":
        agenda.openings.all().delete()
    else:
        agenda.delete()
    page = lxml.html.document_fromstring(Client().get(url_of(agenda)).content.decode())
    (link,) = [
        each.get("href")
        for each in page.iter("a")
        if each.get("href", "").startswith("/recherche/?")
    ]
    found = Client().get(link)
    assert str(other.practitioner) in found.content.decode()
