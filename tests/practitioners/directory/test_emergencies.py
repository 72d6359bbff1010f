"""A search that cannot wait says whom to call, above whatever it finds."""

import pytest
from django.test import Client
from django.urls import reverse

from practitioners.domain.directory.emergencies import number_for


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Infarctus", "15"), ("infarctus douleur poitrine", "15"), ("crise cardiaque !", "15"),
        ("A.V.C.", "15"), ("AVC", "15"), ("chest pain", "15"), ("suicide", "3114"),
        ("j’ai des idées noires", "3114"), ("Envie de mourir", "3114"), ("suicidal", "3114"),
        ("", ""), ("cardiologue", ""), ("poitrine", ""), ("Suicidaux", ""),
        ("bilan après un traitement", ""),
    ],
)  # fmt: skip
def test_what_cannot_wait_has_its_number(text, number):
    assert number_for(text) == number


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "text", "links"),
    [
        ("fr", "suicide", {"tel:3114"}), ("en", "heart attack", {"tel:15", "tel:112"}),
        ("fr", "dermatologue", set()),
    ],
)  # fmt: skip
def test_the_results_say_whom_to_call(language, text, links):
    client = Client()
    client.cookies["django_language"] = language
    page = client.get(reverse("practitioners:search"), {"quoi": text}).content.decode()
    assert {each for each in ("tel:3114", "tel:15", "tel:112") if f'href="{each}"' in page} == links
    assert ("do not wait for an appointment" in page) == (language == "en")
