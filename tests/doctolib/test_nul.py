"""No view meets a NUL, which PostgreSQL cannot store: each address of the site, and its forms."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
NUL = "a%00b"


@pytest.mark.parametrize(
    "address",
    [
        f"/recherche/?quoi={NUL}", f"/recherche/?motif={NUL}", f"/recherche/?ou={NUL}",
        f"/suggestions/quoi/?quoi={NUL}", f"/connexion/?next={NUL}", f"/attente/?motif={NUL}",
    ],
)  # fmt: skip
def test_an_address_with_one_is_not_understood(address):
    answer = Client().get(address)
    assert answer.status_code == 400
    assert "Demande non comprise" in answer.content.decode()


@pytest.mark.parametrize("address", [f"/praticien/{NUL}/", f"/verification/{NUL}/", f"/flux/{NUL}"])
def test_a_path_with_one_does_not_exist(address):
    assert Client().get(address).status_code == 404


def test_a_form_with_one_is_not_understood():
    answer = Client().post(
        reverse("booking:hold"), f"motif={NUL}", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


def test_what_only_looks_like_one_is():
    assert Client().get("/recherche/?quoi=100%2500").status_code == 200
