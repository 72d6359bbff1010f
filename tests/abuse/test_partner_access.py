"""Every route of the partner API, asked by every kind of caller who may not: from the URL table."""

import json

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from audit.models import Entry
from booking.models import Appointment, Patient
from partners.domain import scopes
from partners.models import Grant
from practitioners.models import Absence, Agenda, Opening, Taken
from tests.factories import make_account, make_agenda, make_grant, make_member, verified_client
from tests.partners.software import proof
from tests.support.partner_appointments import credential, token_of  # noqa: F401
from tests.support.routes import API, address

pytestmark = pytest.mark.django_db
BASE = "http://localhost:8000"


def api_views():
    """The API's routes by name, as the URL table has them."""
    return {
        f"{space}:{p.name}": p.callback.view_class
        for space in ("api", "fhir")
        for p in get_resolver().namespace_dict[space][1].url_patterns
        if p.name not in OPEN
    }


OPEN = {"token", "schema", "unknown", "metadata"}
METHODS = ("get", "post", "put", "patch", "delete")
ROUTES = sorted(
    (name, method.upper())
    for name, view in api_views().items()
    for method in METHODS
    if hasattr(view, method)
)


def body_for(name, ids):
    """A body that would do, of things that are the caller's to name or another's."""
    slot = {"visit_reason": str(ids["reason_id"]), "starts_at": "2026-11-30T09:00:00Z"}
    opening = {
        "starts_on": "2026-12-01", "from_time": "14:00", "until_time": "15:00",
        "visit_reasons": [str(ids["reason_id"])],
    }  # fmt: skip
    who = {"first_name": "Anne", "last_name": "Onyme"}
    appointment = {
        "resourceType": "Appointment", "status": "booked",
        "slot": [{"reference": f"Slot/{ids['slot_id']}"}],
        "identifier": [{"system": "urn:x", "value": "1"}],
        "participant": [
            {"actor": {"reference": f"Patient/{ids['patient_id']}"}, "status": "accepted"}
        ],
    }  # fmt: skip
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "appt-resource", "resource": appointment}],
    }
    schedule = {
        "resourceType": "Schedule",
        "actor": [{"reference": f"PractitionerRole/{ids['agenda_id']}"}],
    }
    return {
        "fhir:schedules": schedule,
        "fhir:schedule": schedule,
        "fhir:appointments": appointment,
        "fhir:appointment": appointment,
        "fhir:hold": parameters,
        "fhir:book": parameters,
        "fhir:patients": {
            "resourceType": "Patient",
            "name": [{"family": "Onyme", "given": ["Anne"]}],
            "generalPractitioner": [{"reference": f"PractitionerRole/{ids['agenda_id']}"}],
        },
        "api:reveal": {"purpose": "care", "fields": ["last_name"]},
        "api:holds": slot,
        "api:appointments": slot | {"new_patient": who},
        "api:move": {"starts_at": "2026-11-30T09:00:00Z"},
        "api:cancel": {},
        "api:mark": {"status": "seen"},
        "api:openings": opening,
        "api:opening": opening,
        "api:absences": {"starts_at": "2026-12-01T09:00:00Z", "until": "2026-12-01T10:00:00Z"},
        "api:patients": {"practice": str(ids["practice_id"]), "identity": who},
    }.get(name)


def query_for(route, ids):
    """The query without which a route does not answer."""
    return {
        ("api:patients", "GET"): f"?practice={ids['practice_id']}",
        ("fhir:slots", "GET"): f"?schedule=Schedule/{ids['agenda_id']}",
        ("fhir:patients", "GET"): (f"?general-practitioner=PractitionerRole/{ids['agenda_id']}"),
        ("fhir:appointments", "PUT"): "?identifier=urn:x%7C1",
    }.get(route, "")


def scope_of(route):
    name, method = route
    return api_views()[name].scopes[method.lower()]


def ask(caller, world, route, **headers):
    name, method = route
    path = address(name, world["ids"])
    query = query_for(route, world["ids"])
    body = body_for(name, world["ids"]) if method in ("POST", "PUT", "PATCH") else None
    return caller.generic(
        method, path + query, "" if body is None else json.dumps(body),
        content_type="application/json", headers={"If-Match": "*"} | headers,
    )  # fmt: skip


def with_token(world, route, token, **changed):
    path = address(route[0], world["ids"])
    text = proof(route[1], f"{BASE}{path}", token=token, **changed)
    return ask(Client(), world, route, Authorization=f"DPoP {token}", DPoP=text)


@pytest.fixture
def granted(world, credential):
    agendas = Agenda.objects.filter(practice=world["practice"])
    return make_grant(credential, *agendas, fields=["last_name"])


@pytest.fixture(autouse=True)
def _nothing_opens(world):
    before = Entry.objects.filter(action="reveal").count()
    yield
    assert Entry.objects.filter(action="reveal").count() == before


def test_every_method_of_the_api_declares_its_scope():
    views = api_views()
    assert set(views) == API
    assert {name for name, _method in ROUTES} == API
    for view in views.values():
        assert set(view.scopes) == {method for method in METHODS if hasattr(view, method)}
        assert set(view.scopes.values()) <= set(scopes.SCOPES)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", ["nobody", "patient", "another patient", "owner of the practice",
                                 "secretary of another practice", "staff without second factor"])  # fmt: skip
def test_a_browser_session_is_no_credential(world, granted, route, who):
    caller = Client()
    if who == "patient":
        caller.force_login(world["owner"], backend="booking.backends.EmailBackend")
    elif who == "another patient":
        caller.force_login(make_account(), backend="booking.backends.EmailBackend")
    elif who == "owner of the practice":
        caller = verified_client(make_member(world["practice"], role="owner").account)
    elif who == "secretary of another practice":
        caller = verified_client(make_member(world["other"], role="secretary").account)
    elif who == "staff without second factor":
        staff = make_account()
        staff.is_staff = staff.is_superuser = True
        staff.save()
        caller.force_login(staff, backend="booking.backends.EmailBackend")
    assert ask(caller, world, route).status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_a_credential_without_a_grant_is_refused(world, credential, route):
    assert with_token(world, route, token_of(credential)).status_code == 403


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("what", ["revoked", "suspended", "wrong scope", "expired"])
def test_a_credential_that_may_no_longer_is_refused(world, credential, granted, route, what):
    wanted = [s for s in scopes.SCOPES if s != scope_of(route) or what != "wrong scope"]
    token = token_of(credential, wanted=wanted)
    if what == "revoked":
        Grant.objects.update(revoked_at=timezone.now())
    elif what == "suspended":
        type(credential).objects.update(suspended_at=timezone.now())
    elif what == "expired":
        credential.tokens.update(expires_at=timezone.now())
    expected = 403 if what in ("revoked", "wrong scope") else 401
    assert with_token(world, route, token).status_code == expected
    assert nothing_happened()


@pytest.mark.parametrize("route", ROUTES)
def test_a_replayed_proof_and_one_for_another_audience_are_refused(
    world, credential, granted, route
):  # fmt: skip
    path = address(route[0], world["ids"])
    token = token_of(credential)
    answer = with_token(world, route, token, htu=f"https://other.example{path}")
    assert answer.status_code == 401
    # Used up by a request that opens nothing: another method of the same address.
    once = proof("OPTIONS", f"{BASE}{path}", token=token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": once}
    assert Client().options(path, headers=headers).status_code in (200, 403)
    assert Client().options(path, headers=headers).status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_what_another_practice_has_is_not_found(world, credential, route):
    """CVE-2023-3285 and on, CVE-2023-3700: ids of another's in the address and in the body."""
    elsewhere = make_agenda(practice=world["other"])
    make_grant(credential, elsewhere, fields=["last_name"])
    answer = with_token(world, route, token_of(credential))
    if any(str(pk) in address(route[0], world["ids"]) for pk in world["ids"].values()):
        assert answer.status_code == 404
    elif body_for(route[0], world["ids"]) and (
        route[1] != "GET" or route[0] in ("api:patients", "fhir:patients")
    ):
        assert answer.status_code == 400
    else:
        # A search says what was asked for.
        text = answer.content.decode().replace(query_for(route, world["ids"]), "")
        assert str(world["ids"]["agenda_id"]) not in text
        assert str(world["ids"]["appointment_id"]) not in text
    assert nothing_happened()


def nothing_happened():
    """The world is as it was made: one appointment, one opening, one absence, one patient."""
    appointment = Appointment.unscoped.get()
    return (
        appointment.status == "booked"
        and appointment.moves == 0
        and Opening.objects.count() == Absence.objects.count() == Patient.unscoped.count() == 1
        and Taken.objects.count() == 1
    )


@pytest.mark.parametrize("name", sorted(API))
def test_only_declared_methods_change_anything(world, credential, granted, name):
    """CVE-2026-23622: controllers that read GET where only POST was protected."""
    token = token_of(credential)
    declared = {method for route, method in ROUTES if route == name}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - declared:
        assert with_token(world, (name, method), token).status_code == 405
    path = address(name, world["ids"])
    query = query_for((name, "GET"), world["ids"])
    for override in ("POST", "DELETE", "PUT"):
        text = proof("GET", f"{BASE}{path}", token=token)
        headers = {
            "X-HTTP-Method-Override": override, "DPoP": text, "Authorization": f"DPoP {token}"
        }  # fmt: skip
        answer = Client().get(path + query, headers=headers)
        if name != "api:hold":  # nobody holds anything here
            assert answer.status_code == (200 if "GET" in declared else 405)
    assert nothing_happened()
