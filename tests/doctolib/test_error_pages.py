"""The pages that stand alone: they say what went wrong in the reader's language, and lead home."""

import lxml.html
import pytest
from django.template.loader import get_template
from django.utils import translation

# The page of an error 500 has neither a request nor anything that asks the database.
PAGES = {
    "400.html": {"fr": "Demande non comprise", "en": "Request not understood"},
    "403.html": {"fr": "Accès refusé", "en": "Access refused"},
    "404.html": {"fr": "Page introuvable", "en": "Page not found"},
    "405.html": {
        "fr": "Cette adresse ne s’ouvre pas seule",
        "en": "This address does not open on its own",
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
