"""The pages that stand alone: they say what went wrong in the reader's language, and lead home."""

import re

import lxml.html
import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template
from django.utils import translation

from doctolib.environment import PROJECT_DIR

# The page of an error 500 has neither a request nor anything that asks the database.
PAGES = {
    "400.html": {"fr": "Demande non comprise", "en": "The request was not understood"},
    "403.html": {"fr": "Accès refusé", "en": "Access refused"},
    "404.html": {"fr": "Page introuvable", "en": "Page not found"},
    "405.html": {
        "fr": "Cette adresse ne s’ouvre pas seule",
        "en": "This page cannot be opened directly",
    },
    "500.html": {"fr": "Une erreur s’est produite", "en": "Something went wrong"},
}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_an_error_page_speaks_the_language_that_it_says(name, language):
    with translation.override(language):
        text = get_template(name).render()
    assert text.lstrip().startswith("<!doctype html>")
    page = lxml.html.document_fromstring(text)
    assert page.get("lang") == language
    assert page.findtext(".//h1") == PAGES[name][language]
    assert page.findtext(".//title").startswith(PAGES[name][language])
    assert [each.get("href") for each in page.iter("a")] == ["/"]


@pytest.mark.parametrize("frame", [{"shell": "_alone.html"}, {"shell": "base.html"}, {}])
def test_one_shell_says_what_went_wrong_in_each_frame(rf, frame):
    """That of a practice is in tests/booking/dashboard/test_gone_at_practice.py."""
    context = {"heading": "Introuvable", "words": "Voyez là.", "onward": "/la/", "label": "Là"}
    request = rf.get("/ici/")
    request.user = AnonymousUser()
    page = lxml.html.document_fromstring(
        get_template("error.html").render({**context, **frame}, request)
    )
    assert " ".join(page.findtext(".//title").split()) == "Introuvable · Doctolib"
    (card,) = page.xpath("//main//section[@class='card narrow']")
    assert card.findtext("h1") == "Introuvable"
    assert card.findtext("p") == "Voyez là."
    (way,) = card.iter("a")
    assert (way.get("href"), way.text) == ("/la/", "Là")
    assert bool(page.xpath("//header")) == (frame.get("shell") != "_alone.html")


def test_no_other_template_is_an_error_page():
    """Problems are told by error.html, and refused forms without a page by not_taken.html."""
    names = [path.name for path in (PROJECT_DIR / "templates").rglob("*.html")]
    for name in ("error.html", "not_taken.html"):
        assert names.count(name) == 1
    assert {"_error.html", "gone.html", "_not_taken.html"}.isdisjoint(names)


def test_the_frame_of_a_practice_is_made_in_one_place():
    """`desk_context` says whose the page is and what its reader may do; no view does it by hand."""
    found = [
        path.relative_to(PROJECT_DIR).as_posix()
        for app in ("booking", "partners")
        for path in sorted((PROJECT_DIR / app).rglob("*.py"))
        if re.search(r'["\']membership["\']:', path.read_text())
    ]
    assert found == ["booking/pages/access.py"]
