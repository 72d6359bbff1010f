"""Lists in pages: a cursor that is none of ours has one answer everywhere."""

import base64

import pytest
from django.test import Client

from partners.models import Grant
from tests.factories import make_agenda, make_credential, make_grant, make_opening, make_reason
from tests.partners.software import Software

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]


def sealed(text):
    return base64.b64encode(text.encode()).decode()


BAD = {
    "letters": "zz", "no base64": "%%%", "empty": "", "long": "a" * 400,
    "a place that is none": sealed("p=gestern"), "an offset that is none": sealed("o=-3"),
    "another's": sealed("p=01a21f2d-a2e5-74f0-b608-xyz"), "a day that is none": sealed("p=2026-13-45"),
}  # fmt: skip


@pytest.fixture
def credential():
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    credential = make_credential("AgendaPlus")
    make_grant(credential, agenda, fields=["last_name"])
    return credential


def practice():
    return str(Grant.objects.get().practice_id)


LISTS = {
    "appointments": ("api/v1", "cursor", dict),
    "changes": ("api/v1", "cursor", dict),
    "patients": ("api/v1", "cursor", lambda: {"practice": practice()}),
    "Appointment": ("fhir/r4", "_cursor", dict),
}


@pytest.mark.parametrize("cursor", BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_is_none_of_ours(credential, path, cursor):
    root, name, more = LISTS[path]
    answer = Software(credential, root=root).get(path, **{name: cursor}, **more())
    assert answer.status_code == 400, answer.content
    said = answer.json()
    if root == "fhir/r4":
        assert said["resourceType"] == "OperationOutcome"
        assert said["issue"][0]["details"]["coding"][0]["code"] == "cursor-invalid"
    else:
        assert said["type"].endswith("cursor-invalid")


@pytest.mark.parametrize("path", LISTS)
def test_without_a_cursor_a_list_begins(credential, path):
    root, _name, more = LISTS[path]
    assert Software(credential, root=root).get(path, **more()).status_code == 200


def test_every_list_of_the_api_that_takes_a_cursor_says_so():
    schema = Client().get("/api/v1/openapi.json").json()
    taking = {
        path.rstrip("/").rpartition("/")[2]: parameter["description"]
        for path, methods in schema["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["name"] == "cursor"
    }
    assert set(taking) == {path for path, (root, *_more) in LISTS.items() if root == "api/v1"}
    assert all("cursor-invalid" in said for said in taking.values())
